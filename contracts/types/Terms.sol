// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberId} from "./Ids.sol";

/// @notice Data-use conditions as a bit set: bit n stands for the GA4GH Data Use Ontology term DUO:000000n.
/// Every term of DUO's permissions and modifiers has a number below 64.
type DuoCodes is uint64;

using {has} for DuoCodes global;

/// @notice Whether the set holds the term DUO:000000`number`.
function has(DuoCodes codes, uint8 number) pure returns (bool) {
    return (DuoCodes.unwrap(codes) >> number) & 1 == 1;
}

/// @notice Who receives what part of a payment, in basis points that sum to 10,000 exactly.
/// Rounding leaves at most three token units, which go to the holder.
/// @param fund Member that receives the participants' share; none if `fundShare` is zero.
/// @param platform Member that receives the platform's fee; none if `platformShare` is zero.
struct Shares {
    MemberId fund;
    MemberId platform;
    uint16 collectorShare;
    uint16 holderShare;
    uint16 fundShare;
    uint16 platformShare;
}

/// @notice What a holder offers: every licence under an offer is on exactly these terms.
/// Also an EIP-712 struct, so that a wallet shows them when a licensee signs (R3.1).
/// @param token ERC-20 settlement token; the zero address if and only if `price` is zero.
/// @param price Price of one term of the licence, in token units.
/// @param duration Length of one term, in seconds.
/// @param duoCodes Permitted uses: exactly one permission and any modifiers (see {DuoCodes}).
/// @param country ISO 3166-1 alpha-2 code, if and only if DUO:0000022 (geographical restriction) is set.
/// @param moratoriumUntil Unix time before which nothing may be published, if and only if DUO:0000024 is set.
/// @param diseasesDigest keccak256 of the sorted disease identifiers, if and only if DUO:0000007 is set.
/// @param shares Split of the price.
/// @param proseDigest sha2-256 digest of the CID of the licence's prose document.
/// @param considerationsDigest sha2-256 digest of the CID of the non-monetary considerations; zero if there are none.
struct Terms {
    address token;
    uint128 price;
    uint32 duration;
    DuoCodes duoCodes;
    bytes2 country;
    uint40 moratoriumUntil;
    bytes32 diseasesDigest;
    Shares shares;
    bytes32 proseDigest;
    bytes32 considerationsDigest;
}
