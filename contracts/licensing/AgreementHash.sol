// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ILicences} from "../interfaces/ILicences.sol";
import {Shares, Terms} from "../types/Terms.sol";

/// @title EIP-712 hashes of agreements
/// @notice hashStruct of {ILicences.Agreement} and of the structs in it, as EIP-712 defines it.
library AgreementHash {
    bytes32 private constant SHARES_TYPEHASH = keccak256(
        "Shares(uint32 fund,uint32 platform,uint16 collectorShare,uint16 holderShare,uint16 fundShare,"
        "uint16 platformShare)"
    );

    bytes32 private constant TERMS_TYPEHASH = keccak256(
        "Terms(address token,uint128 price,uint32 duration,uint64 duoCodes,bytes2 country,uint40 moratoriumUntil,"
        "bytes32 diseasesDigest,Shares shares,bytes32 proseDigest,bytes32 considerationsDigest)"
        "Shares(uint32 fund,uint32 platform,uint16 collectorShare,uint16 holderShare,uint16 fundShare,"
        "uint16 platformShare)"
    );

    bytes32 private constant AGREEMENT_TYPEHASH = keccak256(
        "Agreement(uint64 licence,uint64 dataset,uint64 offer,uint32 licensor,uint32 licensee,bytes32 purposeDigest,"
        "uint256 deliveryKeyX,uint256 deliveryKeyY,uint40 deadline,Terms terms)"
        "Shares(uint32 fund,uint32 platform,uint16 collectorShare,uint16 holderShare,uint16 fundShare,"
        "uint16 platformShare)"
        "Terms(address token,uint128 price,uint32 duration,uint64 duoCodes,bytes2 country,uint40 moratoriumUntil,"
        "bytes32 diseasesDigest,Shares shares,bytes32 proseDigest,bytes32 considerationsDigest)"
    );

    /// @notice hashStruct of an agreement whose terms have the hashStruct `termsDigest`.
    function hashAgreement(ILicences.Agreement memory agreement, bytes32 termsDigest) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                AGREEMENT_TYPEHASH,
                agreement.licence,
                agreement.dataset,
                agreement.offer,
                agreement.licensor,
                agreement.licensee,
                agreement.purposeDigest,
                agreement.deliveryKeyX,
                agreement.deliveryKeyY,
                agreement.deadline,
                termsDigest
            )
        );
    }

    /// @notice hashStruct of terms.
    function hashTerms(Terms memory terms) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                TERMS_TYPEHASH,
                terms.token,
                terms.price,
                terms.duration,
                terms.duoCodes,
                terms.country,
                terms.moratoriumUntil,
                terms.diseasesDigest,
                _hashShares(terms.shares),
                terms.proseDigest,
                terms.considerationsDigest
            )
        );
    }

    function _hashShares(Shares memory shares) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                SHARES_TYPEHASH,
                shares.fund,
                shares.platform,
                shares.collectorShare,
                shares.holderShare,
                shares.fundShare,
                shares.platformShare
            )
        );
    }
}
