// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A member of the consortium. Zero is no member; ids start at 1 and are never reused.
type MemberId is uint32;

/// @notice One version of a dataset; equal to its ERC-721 token id. Zero is no dataset.
type DatasetId is uint64;

/// @notice Terms under which a dataset may be licensed. Zero is no offer.
type OfferId is uint64;

/// @notice An application and the licence it may become; equal to its ERC-721 token id. Zero is no licence.
type LicenceId is uint64;

using {sameMember as ==, otherMember as !=, isNoMember} for MemberId global;
using {sameDataset as ==, otherDataset as !=, isNoDataset} for DatasetId global;
using {sameOffer as ==, otherOffer as !=, isNoOffer} for OfferId global;
using {sameLicence as ==, otherLicence as !=, isNoLicence} for LicenceId global;

function sameMember(MemberId a, MemberId b) pure returns (bool) {
    return MemberId.unwrap(a) == MemberId.unwrap(b);
}

function otherMember(MemberId a, MemberId b) pure returns (bool) {
    return MemberId.unwrap(a) != MemberId.unwrap(b);
}

function isNoMember(MemberId id) pure returns (bool) {
    return MemberId.unwrap(id) == 0;
}

function sameDataset(DatasetId a, DatasetId b) pure returns (bool) {
    return DatasetId.unwrap(a) == DatasetId.unwrap(b);
}

function otherDataset(DatasetId a, DatasetId b) pure returns (bool) {
    return DatasetId.unwrap(a) != DatasetId.unwrap(b);
}

function isNoDataset(DatasetId id) pure returns (bool) {
    return DatasetId.unwrap(id) == 0;
}

function sameOffer(OfferId a, OfferId b) pure returns (bool) {
    return OfferId.unwrap(a) == OfferId.unwrap(b);
}

function otherOffer(OfferId a, OfferId b) pure returns (bool) {
    return OfferId.unwrap(a) != OfferId.unwrap(b);
}

function isNoOffer(OfferId id) pure returns (bool) {
    return OfferId.unwrap(id) == 0;
}

function sameLicence(LicenceId a, LicenceId b) pure returns (bool) {
    return LicenceId.unwrap(a) == LicenceId.unwrap(b);
}

function otherLicence(LicenceId a, LicenceId b) pure returns (bool) {
    return LicenceId.unwrap(a) != LicenceId.unwrap(b);
}

function isNoLicence(LicenceId id) pure returns (bool) {
    return LicenceId.unwrap(id) == 0;
}
