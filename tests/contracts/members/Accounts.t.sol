// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {Kinds} from "../../../contracts/types/Kinds.sol";
import {MemberStatus} from "../../../contracts/types/States.sol";
import {World} from "../support/World.sol";
import {Vm} from "../support/Vm.sol";

/// @title Accounts, principals and delivery keys of members
contract AccountsTest is World {
    address private immutable CLERK = vm.addr(0xC1E4);

    // Invitation and acceptance.

    function test_anInvitedAccountActsOnceItAccepts() public {
        vm.expectEmit(address(members));
        emit IMembers.AccountInvited(HOSPITAL_ID, CLERK);
        _invite(HOSPITAL, CLERK);
        assertMember(members.memberOf(CLERK), NOBODY);

        vm.expectEmit(address(members));
        emit IMembers.AccountAdded(HOSPITAL_ID, CLERK);
        vm.prank(CLERK);
        members.acceptInvitation(HOSPITAL_ID);
        assertMember(members.memberOf(CLERK), HOSPITAL_ID);
        assertMember(members.activeMemberOf(CLERK, Kinds.INSTITUTION), HOSPITAL_ID);
    }

    function test_onlyThePrincipalInvites() public {
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, STRANGER));
        _invite(STRANGER, CLERK);

        _join(HOSPITAL, CLERK);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotPrincipal.selector, HOSPITAL_ID, CLERK));
        _invite(CLERK, STRANGER);
    }

    function test_theZeroAddressIsNotInvited() public {
        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountZero.selector));
        _invite(HOSPITAL, address(0));
    }

    function test_anAccountOfAMemberIsNotInvited() public {
        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountTaken.selector, INSTITUTE, INSTITUTE_ID));
        _invite(HOSPITAL, INSTITUTE);
        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountTaken.selector, HOSPITAL, HOSPITAL_ID));
        _invite(HOSPITAL, HOSPITAL);
    }

    function test_anInvitationIsForOneAccountAndOneMember() public {
        _invite(HOSPITAL, CLERK);

        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountNotInvited.selector, HOSPITAL_ID, STRANGER));
        vm.prank(STRANGER);
        members.acceptInvitation(HOSPITAL_ID);
        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountNotInvited.selector, INSTITUTE_ID, CLERK));
        vm.prank(CLERK);
        members.acceptInvitation(INSTITUTE_ID);
    }

    function test_nobodyIsMadeAMemberAgainstItsWill() public {
        _invite(COMPANY, CLERK);
        _invite(HOSPITAL, CLERK);
        vm.prank(CLERK);
        members.acceptInvitation(HOSPITAL_ID);

        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountTaken.selector, CLERK, HOSPITAL_ID));
        vm.prank(CLERK);
        members.acceptInvitation(COMPANY_ID);
        assertMember(members.memberOf(CLERK), HOSPITAL_ID);
    }

    function test_anInvitationDoesNotHinderAdmission() public {
        _invite(COMPANY, STRANGER);
        vm.prank(OPERATOR);
        members.admit(admission(STRANGER, Kinds.USER, "Independent"));

        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountTaken.selector, STRANGER, members.memberOf(STRANGER)));
        vm.prank(STRANGER);
        members.acceptInvitation(COMPANY_ID);
    }

    function test_anInvitationIsUsedUp() public {
        _join(HOSPITAL, CLERK);
        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountNotInvited.selector, HOSPITAL_ID, CLERK));
        vm.prank(CLERK);
        members.acceptInvitation(HOSPITAL_ID);
    }

    // Succession.

    function test_aNewPrincipalVoidsOlderInvitations() public {
        _join(HOSPITAL, CLERK);
        _invite(HOSPITAL, STRANGER);
        _handOver(HOSPITAL, CLERK);

        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountNotInvited.selector, HOSPITAL_ID, STRANGER));
        vm.prank(STRANGER);
        members.acceptInvitation(HOSPITAL_ID);
        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountNotInvited.selector, HOSPITAL_ID, STRANGER));
        _remove(CLERK, STRANGER);
    }

    function test_aPrincipalThatComesBackDoesNotReviveThem() public {
        _join(HOSPITAL, CLERK);
        _invite(HOSPITAL, STRANGER);
        _handOver(HOSPITAL, CLERK);
        _handOver(CLERK, HOSPITAL);

        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountNotInvited.selector, HOSPITAL_ID, STRANGER));
        vm.prank(STRANGER);
        members.acceptInvitation(HOSPITAL_ID);
    }

    function test_theNewPrincipalInvitesAnew() public {
        _join(HOSPITAL, CLERK);
        _invite(HOSPITAL, STRANGER);
        _handOver(HOSPITAL, CLERK);
        _join(CLERK, STRANGER);
        assertMember(members.memberOf(STRANGER), HOSPITAL_ID);
    }

    function test_theInvitationsOfOtherMembersStand() public {
        _join(HOSPITAL, CLERK);
        _invite(INSTITUTE, STRANGER);
        _handOver(HOSPITAL, CLERK);
        vm.prank(STRANGER);
        members.acceptInvitation(INSTITUTE_ID);
        assertMember(members.memberOf(STRANGER), INSTITUTE_ID);
    }

    // Removal.

    function test_aRemovedAccountActsNoMore() public {
        _join(HOSPITAL, CLERK);
        vm.expectEmit(address(members));
        emit IMembers.AccountRemoved(HOSPITAL_ID, CLERK);
        _remove(HOSPITAL, CLERK);

        assertMember(members.memberOf(CLERK), NOBODY);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, CLERK));
        members.activeMemberOf(CLERK);
    }

    function test_aRemovedAccountIsNeverTakenUpAgain() public {
        _join(HOSPITAL, CLERK);
        _remove(HOSPITAL, CLERK);

        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountTaken.selector, CLERK, HOSPITAL_ID));
        _invite(INSTITUTE, CLERK);
        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountTaken.selector, CLERK, HOSPITAL_ID));
        _invite(HOSPITAL, CLERK);
    }

    function test_anInvitationCanBeTakenBack() public {
        _invite(HOSPITAL, CLERK);
        vm.expectEmit(address(members));
        emit IMembers.AccountRemoved(HOSPITAL_ID, CLERK);
        _remove(HOSPITAL, CLERK);

        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountNotInvited.selector, HOSPITAL_ID, CLERK));
        vm.prank(CLERK);
        members.acceptInvitation(HOSPITAL_ID);
    }

    function test_takingBackAnInvitationTouchesNoOtherMember() public {
        _invite(COMPANY, CLERK);
        _join(HOSPITAL, CLERK);
        _remove(COMPANY, CLERK);
        assertMember(members.memberOf(CLERK), HOSPITAL_ID);
    }

    function test_aMemberRemovesItsOwnAccountsOnly() public {
        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountNotInvited.selector, HOSPITAL_ID, INSTITUTE));
        _remove(HOSPITAL, INSTITUTE);
        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountNotInvited.selector, HOSPITAL_ID, STRANGER));
        _remove(HOSPITAL, STRANGER);
    }

    function test_thePrincipalIsNotRemoved() public {
        vm.expectRevert(abi.encodeWithSelector(IMembers.PrincipalNotRemovable.selector, HOSPITAL_ID, HOSPITAL));
        _remove(HOSPITAL, HOSPITAL);
    }

    function test_anAccountDoesNotRemoveThePrincipal() public {
        _join(HOSPITAL, CLERK);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotPrincipal.selector, HOSPITAL_ID, CLERK));
        _remove(CLERK, HOSPITAL);
    }

    // Principal.

    function test_thePrincipalHandsOver() public {
        _join(HOSPITAL, CLERK);
        vm.expectEmit(address(members));
        emit IMembers.PrincipalChanged(HOSPITAL_ID, CLERK);
        vm.prank(HOSPITAL);
        members.setPrincipal(CLERK);

        assertEq(members.principalOf(HOSPITAL_ID), CLERK, "principal");
        assertMember(members.memberOf(HOSPITAL), HOSPITAL_ID);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotPrincipal.selector, HOSPITAL_ID, HOSPITAL));
        _invite(HOSPITAL, STRANGER);
        _remove(CLERK, HOSPITAL);
        assertMember(members.memberOf(HOSPITAL), NOBODY);
    }

    function test_thePrincipalIsAnAccountOfTheMember() public {
        _invite(HOSPITAL, CLERK);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, CLERK));
        vm.prank(HOSPITAL);
        members.setPrincipal(CLERK);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, INSTITUTE));
        vm.prank(HOSPITAL);
        members.setPrincipal(INSTITUTE);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, address(0)));
        vm.prank(HOSPITAL);
        members.setPrincipal(address(0));
    }

    function test_onlyThePrincipalHandsOver() public {
        _join(HOSPITAL, CLERK);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotPrincipal.selector, HOSPITAL_ID, CLERK));
        vm.prank(CLERK);
        members.setPrincipal(CLERK);
    }

    /// @dev A lost account is replaced whatever the member's standing: its money must stay reachable.
    function test_anExpelledMemberStillReplacesItsPrincipal() public {
        _setStatus(HOSPITAL_ID, MemberStatus.Expelled);
        _join(HOSPITAL, CLERK);
        vm.prank(HOSPITAL);
        members.setPrincipal(CLERK);
        assertEq(members.principalOf(HOSPITAL_ID), CLERK, "principal");
    }

    // Description and delivery key.

    function test_thePrincipalDescribesItsMember() public {
        vm.expectEmit(address(members));
        emit IMembers.MemberDescribed(HOSPITAL_ID, REASONS, "University Hospital");
        vm.prank(HOSPITAL);
        members.describe(REASONS, "University Hospital");
        assertEq(members.memberById(HOSPITAL_ID).metadataDigest, REASONS, "metadata");

        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, STRANGER));
        vm.prank(STRANGER);
        members.describe(REASONS, "Impostor");
    }

    function test_aNameHasAtMost200Bytes() public {
        vm.startPrank(HOSPITAL);
        members.describe(REASONS, string(new bytes(200)));
        vm.expectRevert(abi.encodeWithSelector(IMembers.NameTooLong.selector, 201, 200));
        members.describe(REASONS, string(new bytes(201)));
    }

    function testFuzz_everyPublicKeyIsADeliveryKey(uint256 key) public {
        Vm.Wallet memory wallet = vm.createWallet(bound(key, 1, GROUP_ORDER - 1));
        vm.expectEmit(address(members));
        emit IMembers.DeliveryKeyChanged(HOSPITAL_ID, wallet.publicKeyX, wallet.publicKeyY);
        vm.prank(HOSPITAL);
        members.setDeliveryKey(wallet.publicKeyX, wallet.publicKeyY);

        (uint256 x, uint256 y) = members.deliveryKeyOf(HOSPITAL_ID);
        assertEq(x, wallet.publicKeyX, "x");
        assertEq(y, wallet.publicKeyY, "y");
    }

    function testFuzz_nothingElseIsADeliveryKey(uint256 key, uint256 y) public {
        Vm.Wallet memory wallet = vm.createWallet(bound(key, 1, GROUP_ORDER - 1));
        vm.assume(y != wallet.publicKeyY && y != FIELD - wallet.publicKeyY);
        vm.expectRevert(abi.encodeWithSelector(IMembers.DeliveryKeyInvalid.selector, wallet.publicKeyX, y));
        vm.prank(HOSPITAL);
        members.setDeliveryKey(wallet.publicKeyX, y);
    }

    function test_zeroIsNoDeliveryKey() public {
        vm.expectRevert(abi.encodeWithSelector(IMembers.DeliveryKeyInvalid.selector, 0, 0));
        vm.prank(HOSPITAL);
        members.setDeliveryKey(0, 0);
        vm.expectRevert(abi.encodeWithSelector(IMembers.DeliveryKeyMissing.selector, HOSPITAL_ID));
        members.deliveryKeyOf(HOSPITAL_ID);
    }

    function test_onlyThePrincipalSetsTheDeliveryKey() public {
        _join(HOSPITAL, CLERK);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotPrincipal.selector, HOSPITAL_ID, CLERK));
        vm.prank(CLERK);
        members.setDeliveryKey(GENERATOR_X, GENERATOR_Y);
    }

    function _invite(address principal, address account) private {
        vm.prank(principal);
        members.inviteAccount(account);
    }

    function _handOver(address principal, address successor) private {
        vm.prank(principal);
        members.setPrincipal(successor);
    }

    function _remove(address principal, address account) private {
        vm.prank(principal);
        members.removeAccount(account);
    }
}
