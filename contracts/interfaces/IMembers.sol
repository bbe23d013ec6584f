// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MemberId} from "../types/Ids.sol";
import {MemberKinds} from "../types/Kinds.sol";
import {MemberStatus} from "../types/States.sol";

/// @title Register of the consortium's members (R1, R4.5)
/// @notice Who the parties are: each member has one principal account, any number of further accounts that act for
/// it, a public key to which dataset keys are delivered, and a standing.
/// - The principal receives the member's money and alone changes the member's own entries.
/// - Any account of a member acts for the member elsewhere on the ledger.
/// - An account belongs to at most one member, for ever: one that left is never taken up by another member.
/// - Nobody but the principal replaces the principal: no role could do so without also taking the member's money. A
///   member should therefore use a contract wallet of several keys, or hand over to a new account while it can.
/// - Members are referred to by {MemberId}, so replacing a lost account changes no right and no debt.
interface IMembers {
    /// @notice A member's entry.
    /// @param principal Account that manages the entry and receives the money.
    /// @param status Standing.
    /// @param kinds What the member may do.
    /// @param country ISO 3166-1 alpha-2 code of the seat, e.g. 0x4445 for "DE".
    /// @param joinedAt Unix time of admission, in seconds.
    /// @param metadataDigest sha2-256 digest of the CID of the member's metadata document.
    struct Member {
        address principal;
        MemberStatus status;
        MemberKinds kinds;
        bytes2 country;
        uint40 joinedAt;
        bytes32 metadataDigest;
    }

    /// @notice What an institution states when it joins.
    /// @param principal Its principal account.
    /// @param kinds What it may do.
    /// @param country ISO 3166-1 alpha-2 code of its seat.
    /// @param metadataDigest sha2-256 digest of the CID of its metadata document.
    /// @param name Name to show, at most 200 bytes; travels in the event only.
    struct Admission {
        address principal;
        MemberKinds kinds;
        bytes2 country;
        bytes32 metadataDigest;
        string name;
    }

    /// @notice A member joined.
    /// @param member Its id.
    /// @param principal The principal account.
    /// @param kinds What the member may do.
    /// @param country ISO 3166-1 alpha-2 code.
    /// @param metadataDigest sha2-256 digest of the CID of the member's metadata document.
    /// @param name Name to show.
    event MemberAdmitted(
        MemberId indexed member,
        address indexed principal,
        MemberKinds kinds,
        bytes2 country,
        bytes32 metadataDigest,
        string name
    );

    /// @notice A member's standing changed.
    /// @param member The member.
    /// @param status Standing of the member.
    event MemberStatusChanged(MemberId indexed member, MemberStatus status);

    /// @notice What a member may do changed.
    /// @param member The member.
    /// @param kinds What the member may do.
    event MemberKindsChanged(MemberId indexed member, MemberKinds kinds);

    /// @notice A member's name or metadata document changed.
    /// @param member The member.
    /// @param metadataDigest sha2-256 digest of the CID of the member's metadata document.
    /// @param name Name to show.
    event MemberDescribed(MemberId indexed member, bytes32 metadataDigest, string name);

    /// @notice The principal invited `account` to act for the member, until the next {PrincipalChanged}.
    /// @param member The member.
    /// @param account The account.
    event AccountInvited(MemberId indexed member, address indexed account);

    /// @notice `account` acts for the member from now on.
    /// @param member The member.
    /// @param account The account.
    event AccountAdded(MemberId indexed member, address indexed account);

    /// @notice `account` acts for the member no longer.
    /// @param member The member.
    /// @param account The account.
    event AccountRemoved(MemberId indexed member, address indexed account);

    /// @notice The member's principal account is now `principal`. All invitations made before it are void.
    /// @param member The member.
    /// @param principal The principal account.
    event PrincipalChanged(MemberId indexed member, address indexed principal);

    /// @notice Dataset keys for the member are delivered to the secp256k1 point (`x`, `y`) from now on.
    /// @param member The member.
    /// @param x The point's x.
    /// @param y The point's y.
    event DeliveryKeyChanged(MemberId indexed member, uint256 x, uint256 y);

    /// @notice The account acts for no member.
    /// @dev Use an account that the member has added, or ask the consortium for admission.
    /// @param account The account.
    error NotMember(address account);

    /// @notice The member is not in good standing.
    /// @dev Ask the consortium to reinstate the member, or wait until it is.
    /// @param member The member.
    /// @param status Standing of the member.
    error MemberNotActive(MemberId member, MemberStatus status);

    /// @notice The member lacks a kind that this action needs.
    /// @dev Ask the consortium to change the member's kinds.
    /// @param member The member.
    /// @param kinds Kinds that the member has.
    /// @param wanted Kinds that the action needs.
    error MemberLacksKind(MemberId member, MemberKinds kinds, MemberKinds wanted);

    /// @notice There is no such member.
    /// @dev Check the member's id with the list of members.
    /// @param member The member.
    error MemberUnknown(MemberId member);

    /// @notice Only the member's principal account may do this.
    /// @dev Sign with the principal account.
    /// @param member The member.
    /// @param account The account.
    error NotPrincipal(MemberId member, address account);

    /// @notice The account is or was an account of a member.
    /// @dev Use an account that has never belonged to a member.
    /// @param account The account.
    /// @param member Member that it belongs or belonged to.
    error AccountTaken(address account, MemberId member);

    /// @notice The member has not invited this account.
    /// @dev Let the member's principal invite the account; a change of the principal voids older invitations.
    /// @param member The member.
    /// @param account The account.
    error AccountNotInvited(MemberId member, address account);

    /// @notice The principal account cannot be removed.
    /// @dev Make another account the principal first.
    /// @param member The member.
    /// @param account The account.
    error PrincipalNotRemovable(MemberId member, address account);

    /// @notice The kinds are empty or contain an unknown bit.
    /// @dev Use a non-empty subset of the known kinds.
    /// @param kinds The kinds given.
    error KindsInvalid(MemberKinds kinds);

    /// @notice The country is not two capital letters.
    /// @dev Use the ISO 3166-1 alpha-2 code.
    /// @param country The code given.
    error CountryInvalid(bytes2 country);

    /// @notice The name is too long.
    /// @dev Shorten it to at most `most` bytes; a letter outside ASCII takes two to four.
    /// @param length Length given, in bytes.
    /// @param most Length allowed, in bytes.
    error NameTooLong(uint256 length, uint256 most);

    /// @notice The point is not on secp256k1.
    /// @dev Send the uncompressed public key of the delivery key.
    /// @param x The point's x.
    /// @param y The point's y.
    error DeliveryKeyInvalid(uint256 x, uint256 y);

    /// @notice The member has registered no delivery key.
    /// @dev Register one with setDeliveryKey first.
    /// @param member The member.
    error DeliveryKeyMissing(MemberId member);

    /// @notice The change of standing is not possible from the present one.
    /// @dev Read the member's status; an expelled member stays expelled.
    /// @param member The member.
    /// @param from Present standing.
    /// @param to Standing wanted.
    error StatusChangeRefused(MemberId member, MemberStatus from, MemberStatus to);

    /// @notice The zero address cannot be an account.
    /// @dev Name an account that can sign.
    error AccountZero();

    /// @notice Admits a member. The principal account is not asked: who holds the admissions role vouches that the
    /// institution controls it and wants to join, for the account can never belong to another member.
    /// @dev Caller: the admissions role. Reverts with {AccountZero}, {AccountTaken}, {KindsInvalid}, {CountryInvalid},
    /// {NameTooLong}.
    /// @param admission What the institution states.
    /// @return member Its id.
    function admit(Admission calldata admission) external returns (MemberId member);

    /// @notice Changes a member's standing: Active to Suspended and back, or either to Expelled.
    /// @dev Caller: the admissions role. Reverts with {MemberUnknown}, {StatusChangeRefused}.
    /// @param member Its id.
    /// @param status Its new standing.
    function setStatus(MemberId member, MemberStatus status) external;

    /// @notice Changes what a member may do.
    /// @dev Caller: the admissions role. Reverts with {MemberUnknown}, {KindsInvalid}.
    /// @param member Its id.
    /// @param kinds A non-empty subset of the known kinds.
    function setKinds(MemberId member, MemberKinds kinds) external;

    /// @notice Invites an account to act for the caller's member; it must accept with {acceptInvitation}, before
    /// the principal is changed.
    /// @dev Caller: the principal. Reverts with {AccountZero}, {AccountTaken}.
    /// @param account Account that has never belonged to a member.
    function inviteAccount(address account) external;

    /// @notice Accepts an invitation: the caller acts for the member from now on.
    /// @dev Caller: the invited account. Reverts with {AccountNotInvited}, {AccountTaken}.
    /// @param member Member that has invited the caller.
    function acceptInvitation(MemberId member) external;

    /// @notice Ends an account's right to act for the caller's member, or an invitation it has not accepted.
    /// @dev Caller: the principal. Reverts with {PrincipalNotRemovable}, {AccountNotInvited}.
    /// @param account Account of the member, or one it has invited.
    function removeAccount(address account) external;

    /// @notice Makes another account of the caller's member its principal. Invitations made before are void.
    /// @dev Caller: the principal. The new one has accepted an invitation before, so it can sign.
    /// Reverts with {NotMember} if `account` does not act for the caller's member.
    /// @param account Account of the member, its principal from now on.
    function setPrincipal(address account) external;

    /// @notice Registers the secp256k1 public key to which dataset keys are delivered.
    /// @dev Caller: the principal. Agreements already made keep the key that was current then.
    /// Reverts with {DeliveryKeyInvalid}.
    /// @param x The point's x.
    /// @param y The point's y.
    function setDeliveryKey(uint256 x, uint256 y) external;

    /// @notice Changes the caller's name and metadata document.
    /// @dev Caller: the principal. Reverts with {NameTooLong}.
    /// @param metadataDigest sha2-256 digest of the CID of the metadata document.
    /// @param name Name to show, at most 200 bytes; travels in the event only.
    function describe(bytes32 metadataDigest, string calldata name) external;

    /// @notice The member for which `account` acts; none if there is none. Says nothing about its standing.
    /// @param account The account.
    function memberOf(address account) external view returns (MemberId);

    /// @notice The member for which `account` acts.
    /// @dev Reverts with {NotMember}, {MemberNotActive}.
    /// @param account The account.
    function activeMemberOf(address account) external view returns (MemberId);

    /// @notice Like {activeMemberOf}, for members of all the `wanted` kinds only.
    /// @dev Reverts with {NotMember}, {MemberNotActive}, {MemberLacksKind}.
    /// @param account The account.
    /// @param wanted Kinds that it must all have.
    function activeMemberOf(address account, MemberKinds wanted) external view returns (MemberId);

    /// @notice Refuses unless the member is in good standing and of all the `wanted` kinds.
    /// @dev Reverts with {MemberUnknown}, {MemberNotActive}, {MemberLacksKind}.
    /// @param member Its id.
    /// @param wanted Kinds that it must all have.
    function requireActive(MemberId member, MemberKinds wanted) external view;

    /// @notice A member's entry; all zero if there is none.
    /// @param member Its id.
    function memberById(MemberId member) external view returns (Member memory);

    /// @notice The account that receives the member's money.
    /// @dev Reverts with {MemberUnknown}.
    /// @param member Its id.
    function principalOf(MemberId member) external view returns (address);

    /// @notice The point to which dataset keys for the member are delivered.
    /// @dev Reverts with {DeliveryKeyMissing}.
    /// @param member Its id.
    /// @return x The point's x.
    /// @return y The point's y.
    function deliveryKeyOf(MemberId member) external view returns (uint256 x, uint256 y);

    /// @notice Number of members ever admitted; ids run from 1 to this.
    function memberCount() external view returns (uint32);
}
