// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DuoCodes} from "../types/Terms.sol";

/// @title Data-use codes
/// @notice Which terms of the GA4GH Data Use Ontology (release of 2021-02-23) may stand together in an offer. Terms
/// that only structure the ontology (DUO:0000001, DUO:0000017) and its obsolete ones state no condition.
library DataUse {
    /// @notice Use for research into the named diseases only; needs a disease digest.
    uint8 internal constant DISEASE_SPECIFIC = 7;
    /// @notice Use within a country only; needs a country.
    uint8 internal constant GEOGRAPHICAL = 22;
    /// @notice No publication before a date; needs a time.
    uint8 internal constant MORATORIUM = 24;

    /// @dev No restriction, health or biomedical, disease specific, ancestry, general research.
    uint64 private constant PERMISSIONS = uint64((1 << 4) | (1 << 6) | (1 << DISEASE_SPECIFIC) | (1 << 11) | (1 << 42));

    /// @dev Research type, methods, genetic studies, not for profit and non-commercial, publication, collaboration,
    /// ethics approval, geography, moratorium, time limit, users, projects, institutions, return of results,
    /// clinical care, no ancestry research, not-for-profit organisations, non-commercial use.
    uint64 private constant MODIFIERS = uint64(
        (1 << 12) | (1 << 15) | (1 << 16) | (1 << 18) | (1 << 19) | (1 << 20) | (1 << 21) | (1 << GEOGRAPHICAL)
            | (1 << MORATORIUM) | (1 << 25) | (1 << 26) | (1 << 27) | (1 << 28) | (1 << 29) | (1 << 43) | (1 << 44)
            | (1 << 45) | (1 << 46)
    );

    /// @notice Whether the set is exactly one permission with any modifiers.
    function isWellFormed(DuoCodes codes) internal pure returns (bool) {
        uint64 bits = DuoCodes.unwrap(codes);
        uint64 permission = bits & PERMISSIONS;
        bool single = permission != 0 && permission & (permission - 1) == 0;
        return single && bits & ~(PERMISSIONS | MODIFIERS) == 0;
    }
}
