// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LicenceId} from "../../contracts/types/Ids.sol";
import {LicenceState, MemberStatus} from "../../contracts/types/States.sol";
import {World} from "./support/World.sol";

/// @title Nobody locks another's money by going silent
/// @notice For every state: one party is gone for good, and the other, or anyone, ends it alone. At the end all the
/// money is with those it belongs to and the ledger holds none.
contract StallsTest is World {
    function test_applied_theHolderIsSilent() public {
        LicenceId licence = _applied();
        _waitForever();
        vm.prank(INSTITUTE);
        licences.cancel(licence);
        _assertOver(licence, LicenceState.Cancelled);
    }

    function test_applied_theApplicantIsSilent() public {
        LicenceId licence = _applied();
        _waitForever();
        vm.prank(HOSPITAL);
        licences.reject(licence, REASONS);
        _assertOver(licence, LicenceState.Rejected);
    }

    function test_approved_theHolderDoesNotSign() public {
        LicenceId licence = _approved();
        _waitForever();
        vm.prank(INSTITUTE);
        licences.cancel(licence);
        _assertOver(licence, LicenceState.Cancelled);
    }

    function test_approved_theApplicantDoesNotSign() public {
        LicenceId licence = _approved();
        _waitForever();
        vm.prank(HOSPITAL);
        licences.reject(licence, REASONS);
        _assertOver(licence, LicenceState.Rejected);
    }

    function test_agreed_theLicenseeDoesNotPay() public {
        LicenceId licence = _agreed();
        _waitForever();
        _assertOver(licence, LicenceState.Lapsed);
    }

    function test_agreed_theLicenseeThinksBetterOfIt() public {
        LicenceId licence = _agreed();
        vm.prank(INSTITUTE);
        licences.cancel(licence);
        _assertOver(licence, LicenceState.Cancelled);
    }

    function test_paid_theHolderDoesNotDeliver() public {
        LicenceId licence = _paid();
        _waitForever();
        vm.prank(INSTITUTE);
        licences.refund(licence);
        benefits.withdraw(INSTITUTE_ID, address(token));
        _assertOver(licence, LicenceState.Refunded);
    }

    function test_paid_bothAreSilentAndAnyoneEndsIt() public {
        LicenceId licence = _paid();
        _waitForever();
        vm.startPrank(STRANGER);
        licences.refund(licence);
        benefits.withdraw(INSTITUTE_ID, address(token));
        vm.stopPrank();
        _assertOver(licence, LicenceState.Refunded);
    }

    function test_paid_theHolderCannotDeliver() public {
        LicenceId licence = _paid();
        vm.prank(HOSPITAL);
        licences.refund(licence);
        benefits.withdraw(INSTITUTE_ID, address(token));
        _assertOver(licence, LicenceState.Refunded);
    }

    /// @dev Even expelled, and even if the dataset is gone: what was paid comes back.
    function test_paid_everybodyIsExpelled() public {
        LicenceId licence = _paid();
        _expelBoth();
        _waitForever();
        vm.startPrank(STRANGER);
        licences.refund(licence);
        benefits.withdraw(INSTITUTE_ID, address(token));
        vm.stopPrank();
        _assertOver(licence, LicenceState.Refunded);
    }

    function test_delivered_theLicenseeIsSilent() public {
        LicenceId licence = _delivered();
        vm.warp(START + ACCEPTANCE_WINDOW + 1);
        vm.prank(HOSPITAL);
        licences.settle(licence);
        _withdrawAll();
        _assertOver(licence, LicenceState.Active);
    }

    function test_delivered_everybodyIsExpelledAndAnyoneEndsIt() public {
        LicenceId licence = _delivered();
        _expelBoth();
        _waitForever();
        vm.startPrank(STRANGER);
        licences.settle(licence);
        _withdrawAll();
        vm.stopPrank();
        _assertOver(licence, LicenceState.Expired);
    }

    function test_active_nobodySettlesUntilItExpires() public {
        LicenceId licence = _active();
        _waitForever();
        vm.prank(STRANGER);
        licences.settle(licence);
        _withdrawAll();
        _assertOver(licence, LicenceState.Expired);
    }

    /// @dev Closing the entry points of the ledger is a matter of governance; what was earned is paid all the same.
    function test_earned_theLedgerIsClosed() public {
        LicenceId licence = _active();
        licences.settle(licence);
        authority.setTargetClosed(address(benefits), true);
        authority.setTargetClosed(address(licences), true);
        _withdrawAll();
        _assertOver(licence, LicenceState.Active);
    }

    /// @dev Nor does closing them hold up a refund or a settlement: these have no gate that governance could shut.
    function test_paid_theLedgerIsClosed() public {
        LicenceId paid = _paid();
        LicenceId delivered = _delivered();
        authority.setTargetClosed(address(benefits), true);
        authority.setTargetClosed(address(licences), true);
        authority.setTargetClosed(address(keyExchange), true);
        _waitForever();
        licences.refund(paid);
        licences.settle(delivered);
        benefits.withdraw(INSTITUTE_ID, address(token));
        _withdrawAll();
        _assertOver(paid, LicenceState.Refunded);
    }

    function _waitForever() private {
        vm.warp(START + 10 * uint256(YEAR));
    }

    function _expelBoth() private {
        _setStatus(HOSPITAL_ID, MemberStatus.Expelled);
        _setStatus(INSTITUTE_ID, MemberStatus.Expelled);
    }

    function _withdrawAll() private {
        benefits.withdraw(HOSPITAL_ID, address(token));
        benefits.withdraw(FUND_ID, address(token));
        benefits.withdraw(PLATFORM_ID, address(token));
    }

    function _assertOver(LicenceId licence, LicenceState state) private view {
        assertState(licence, state);
        assertEq(token.balanceOf(address(benefits)), 0, "nothing is left on the ledger");
        uint256 owners =
            token.balanceOf(INSTITUTE) + token.balanceOf(HOSPITAL) + token.balanceOf(FUND) + token.balanceOf(PLATFORM);
        assertEq(owners, 1e12, "all of it is with its owners");
    }
}
