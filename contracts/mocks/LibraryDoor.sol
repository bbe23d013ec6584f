// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Secp256k1} from "../delivery/Secp256k1.sol";
import {DataUse} from "../licensing/DataUse.sol";
import {DuoCodes} from "../types/Terms.sol";

/// @title Door to the pure libraries
/// @notice For tests only: internal functions, callable.
contract LibraryDoor {
    function isOnCurve(uint256 x, uint256 y) external pure returns (bool) {
        return Secp256k1.isOnCurve(x, y);
    }

    function decompress(uint8 prefix, uint256 x) external view returns (bool valid, uint256 y) {
        return Secp256k1.decompress(prefix, x);
    }

    function isWellFormed(DuoCodes codes) external pure returns (bool) {
        return DataUse.isWellFormed(codes);
    }
}
