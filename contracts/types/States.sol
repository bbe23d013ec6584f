// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Standing of a member. A suspended member finishes what it has signed and withdraws what it has earned;
/// it begins nothing new. Its licensees can still renew what it offered, and pay it. An expelled one is never readmitted
/// under the same id.
enum MemberStatus {
    None,
    Active,
    Suspended,
    Expelled
}

/// @notice Standing of a dataset version: offered freely, withdrawn by its holder, or revoked by the consortium.
enum DatasetStatus {
    None,
    Active,
    Withdrawn,
    Revoked
}

/// @notice Who paid for the collection (R2.2).
enum Funding {
    Public,
    Private,
    Mixed
}

/// @notice How widely a dataset may be shared (R2.5), from the widest to the narrowest.
enum Tier {
    Open,
    Registered,
    Controlled,
    Restricted
}

/// @notice Life of an application and of the licence it becomes (R3.2). `Lapsed`, `Overdue` and `Expired`, and the
/// passage from `Delivered` to `Active`, follow from time alone and need no transaction.
enum LicenceState {
    None,
    Applied,
    Rejected,
    Cancelled,
    Approved,
    Agreed,
    Lapsed,
    Paid,
    Overdue,
    Delivered,
    Active,
    Expired,
    Refunded
}

/// @notice Standing of the money for one licence.
enum EscrowStatus {
    None,
    Invoiced,
    Funded,
    Settled,
    Refunded,
    Cancelled
}
