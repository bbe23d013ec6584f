// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {Secp256k1} from "../delivery/Secp256k1.sol";
import {IMembers} from "../interfaces/IMembers.sol";
import {Countries} from "../types/Countries.sol";
import {MemberId} from "../types/Ids.sol";
import {Kinds, MemberKinds} from "../types/Kinds.sol";
import {MemberStatus} from "../types/States.sol";

/// @title Members
/// @notice Register of the consortium's members, as {IMembers} states it.
contract Members is IMembers, AccessManaged {
    /// @dev `member` is kept when the account leaves, so that nobody takes it up again; `acts` tells whether it is one.
    struct Account {
        MemberId member;
        bool acts;
    }

    struct Point {
        uint256 x;
        uint256 y;
    }

    uint256 private constant MAX_NAME = 200;

    uint32 private _memberCount;
    mapping(MemberId member => Member) private _members;
    mapping(address account => Account) private _accounts;
    /// @dev How often the member's principal was changed.
    mapping(MemberId member => uint256) private _succession;
    /// @dev One more than the succession when the account was invited: a new principal voids what is older.
    mapping(MemberId member => mapping(address account => uint256)) private _invitations;
    mapping(MemberId member => Point) private _deliveryKeys;

    constructor(address authority_, Admission[] memory founders) AccessManaged(authority_) {
        for (uint256 i = 0; i < founders.length; ++i) {
            _admit(founders[i]);
        }
    }

    /// @inheritdoc IMembers
    function admit(Admission calldata admission) external restricted returns (MemberId member) {
        return _admit(admission);
    }

    /// @inheritdoc IMembers
    function setStatus(MemberId member, MemberStatus status) external restricted {
        MemberStatus present = _requireMember(member).status;
        bool reversible = status == MemberStatus.Active || status == MemberStatus.Suspended;
        if (present == MemberStatus.Expelled || present == status || (!reversible && status != MemberStatus.Expelled)) {
            revert StatusChangeRefused(member, present, status);
        }

        _members[member].status = status;
        emit MemberStatusChanged(member, status);
    }

    /// @inheritdoc IMembers
    function setKinds(MemberId member, MemberKinds kinds) external restricted {
        _requireMember(member);
        _requireKinds(kinds);

        _members[member].kinds = kinds;
        emit MemberKindsChanged(member, kinds);
    }

    /// @inheritdoc IMembers
    function inviteAccount(address account) external {
        MemberId member = _requirePrincipal();
        if (account == address(0)) revert AccountZero();
        _requireFree(account);

        _invitations[member][account] = _succession[member] + 1;
        emit AccountInvited(member, account);
    }

    /// @inheritdoc IMembers
    function acceptInvitation(MemberId member) external {
        if (!_isInvited(member, msg.sender)) revert AccountNotInvited(member, msg.sender);
        _requireFree(msg.sender);

        delete _invitations[member][msg.sender];
        _addAccount(member, msg.sender);
    }

    /// @inheritdoc IMembers
    function removeAccount(address account) external {
        MemberId member = _requirePrincipal();
        if (account == msg.sender) revert PrincipalNotRemovable(member, account);
        bool invited = _isInvited(member, account);
        if (!invited && memberOf(account) != member) revert AccountNotInvited(member, account);

        if (invited) delete _invitations[member][account];
        else _accounts[account].acts = false;
        emit AccountRemoved(member, account);
    }

    /// @inheritdoc IMembers
    function setPrincipal(address account) external {
        MemberId member = _requirePrincipal();
        if (memberOf(account) != member) revert NotMember(account);

        _members[member].principal = account;
        ++_succession[member];
        emit PrincipalChanged(member, account);
    }

    /// @inheritdoc IMembers
    function setDeliveryKey(uint256 x, uint256 y) external {
        MemberId member = _requirePrincipal();
        if (!Secp256k1.isOnCurve(x, y)) revert DeliveryKeyInvalid(x, y);

        _deliveryKeys[member] = Point(x, y);
        emit DeliveryKeyChanged(member, x, y);
    }

    /// @inheritdoc IMembers
    function describe(bytes32 metadataDigest, string calldata name) external {
        MemberId member = _requirePrincipal();
        _requireShort(bytes(name).length);

        _members[member].metadataDigest = metadataDigest;
        emit MemberDescribed(member, metadataDigest, name);
    }

    /// @inheritdoc IMembers
    function activeMemberOf(address account) external view returns (MemberId) {
        return _activeMemberOf(account, Kinds.ANY);
    }

    /// @inheritdoc IMembers
    function activeMemberOf(address account, MemberKinds wanted) external view returns (MemberId) {
        return _activeMemberOf(account, wanted);
    }

    /// @inheritdoc IMembers
    function requireActive(MemberId member, MemberKinds wanted) external view {
        _requireActive(member, wanted);
    }

    /// @inheritdoc IMembers
    function memberById(MemberId member) external view returns (Member memory) {
        return _members[member];
    }

    /// @inheritdoc IMembers
    function principalOf(MemberId member) external view returns (address) {
        return _requireMember(member).principal;
    }

    /// @inheritdoc IMembers
    function deliveryKeyOf(MemberId member) external view returns (uint256 x, uint256 y) {
        Point storage key = _deliveryKeys[member];
        (x, y) = (key.x, key.y);
        // No point of the curve has both coordinates zero.
        if (x == 0 && y == 0) revert DeliveryKeyMissing(member);
    }

    /// @inheritdoc IMembers
    function memberCount() external view returns (uint32) {
        return _memberCount;
    }

    /// @inheritdoc IMembers
    function memberOf(address account) public view returns (MemberId) {
        Account storage entry = _accounts[account];
        return entry.acts ? entry.member : MemberId.wrap(0);
    }

    function _admit(Admission memory admission) private returns (MemberId member) {
        if (admission.principal == address(0)) revert AccountZero();
        _requireFree(admission.principal);
        _requireKinds(admission.kinds);
        if (!Countries.isWellFormed(admission.country)) revert CountryInvalid(admission.country);
        _requireShort(bytes(admission.name).length);

        member = MemberId.wrap(++_memberCount);
        _members[member] = Member({
            principal: admission.principal,
            status: MemberStatus.Active,
            kinds: admission.kinds,
            country: admission.country,
            joinedAt: uint40(block.timestamp), // in range for 34,000 years
            metadataDigest: admission.metadataDigest
        });
        emit MemberAdmitted(
            member, admission.principal, admission.kinds, admission.country, admission.metadataDigest, admission.name
        );
        _addAccount(member, admission.principal);
    }

    function _addAccount(MemberId member, address account) private {
        _accounts[account] = Account({member: member, acts: true});
        emit AccountAdded(member, account);
    }

    function _activeMemberOf(address account, MemberKinds wanted) private view returns (MemberId member) {
        member = memberOf(account);
        if (member.isNoMember()) revert NotMember(account);
        _requireActive(member, wanted);
    }

    function _requireActive(MemberId member, MemberKinds wanted) private view {
        Member storage entry = _members[member];
        MemberStatus status = entry.status;
        if (status == MemberStatus.None) revert MemberUnknown(member);
        if (status != MemberStatus.Active) revert MemberNotActive(member, status);
        MemberKinds kinds = entry.kinds;
        if (!kinds.includes(wanted)) revert MemberLacksKind(member, kinds, wanted);
    }

    function _requireMember(MemberId member) private view returns (Member storage entry) {
        entry = _members[member];
        if (entry.status == MemberStatus.None) revert MemberUnknown(member);
    }

    function _requirePrincipal() private view returns (MemberId member) {
        member = memberOf(msg.sender);
        if (member.isNoMember()) revert NotMember(msg.sender);
        if (_members[member].principal != msg.sender) revert NotPrincipal(member, msg.sender);
    }

    function _requireFree(address account) private view {
        MemberId member = _accounts[account].member;
        if (!member.isNoMember()) revert AccountTaken(account, member);
    }

    function _isInvited(MemberId member, address account) private view returns (bool) {
        return _invitations[member][account] == _succession[member] + 1;
    }

    function _requireShort(uint256 nameLength) private pure {
        if (nameLength > MAX_NAME) revert NameTooLong(nameLength, MAX_NAME);
    }

    function _requireKinds(MemberKinds kinds) private pure {
        if (MemberKinds.unwrap(kinds) == 0 || !Kinds.ALL.includes(kinds)) revert KindsInvalid(kinds);
    }
}
