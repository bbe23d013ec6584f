// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a member may do, as a bit set of {Kinds}.
type MemberKinds is uint16;

using {includes} for MemberKinds global;

/// @notice Whether every bit of `wanted` is in `kinds`.
function includes(MemberKinds kinds, MemberKinds wanted) pure returns (bool) {
    return MemberKinds.unwrap(kinds) & MemberKinds.unwrap(wanted) == MemberKinds.unwrap(wanted);
}

/// @title Kinds of members
/// @notice The parties of R1, one bit each.
library Kinds {
    /// @notice Collects, holds and licenses data, and votes.
    MemberKinds internal constant INSTITUTION = MemberKinds.wrap(1 << 0);
    /// @notice Licenses data from others.
    MemberKinds internal constant USER = MemberKinds.wrap(1 << 1);
    /// @notice Runs the platform and may be named to receive its fee.
    MemberKinds internal constant PLATFORM = MemberKinds.wrap(1 << 2);
    /// @notice Receives the participants' share of benefits.
    MemberKinds internal constant FUND = MemberKinds.wrap(1 << 3);
    /// @notice Government: emergencies and requisition.
    MemberKinds internal constant AUTHORITY = MemberKinds.wrap(1 << 4);
    /// @notice Government: approvals for human genetic resources.
    MemberKinds internal constant REGULATOR = MemberKinds.wrap(1 << 5);
    /// @notice No kind in particular is wanted.
    MemberKinds internal constant ANY = MemberKinds.wrap(0);
    /// @notice Every kind there is; a member's kinds are a non-empty subset.
    MemberKinds internal constant ALL = MemberKinds.wrap((1 << 6) - 1);
}
