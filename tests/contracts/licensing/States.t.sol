// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {LicenceId} from "../../../contracts/types/Ids.sol";
import {LicenceState} from "../../../contracts/types/States.sol";
import {World} from "../support/World.sol";

/// @title The whole table: every act in every state
/// @notice Each act names the states it accepts. In all others it is refused with the state and the accepted set,
/// whoever calls it.
contract StatesTest is World {
    /// @dev Bit n stands for the n-th state, as in {ILicences.LicenceStateRefused}.
    uint256 private constant APPLIED = 1 << 1;
    uint256 private constant APPROVED = 1 << 4;
    uint256 private constant AGREED = 1 << 5;
    uint256 private constant LAPSED = 1 << 6;
    uint256 private constant PAID = 1 << 7;
    uint256 private constant OVERDUE = 1 << 8;
    uint256 private constant DELIVERED = 1 << 9;
    uint256 private constant ACTIVE = 1 << 10;
    uint256 private constant EXPIRED = 1 << 11;

    function test_approveApplication() public {
        _tryInEveryState(abi.encodeCall(ILicences.approveApplication, (_next(), PURPOSE)), HOSPITAL, APPLIED);
    }

    function test_reject() public {
        _tryInEveryState(abi.encodeCall(ILicences.reject, (_next(), REASONS)), HOSPITAL, APPLIED | APPROVED);
    }

    function test_cancel() public {
        uint256 accepted = APPLIED | APPROVED | AGREED | LAPSED;
        _tryInEveryState(abi.encodeCall(ILicences.cancel, (_next())), INSTITUTE, accepted);
    }

    function test_agree() public {
        ILicences.PartySignature memory nothing;
        bytes memory act = abi.encodeCall(ILicences.agree, (_next(), terms(), soon(), nothing, nothing));
        _refuseInEveryOtherState(act, STRANGER, APPROVED);
    }

    function test_pay() public {
        _tryInEveryState(abi.encodeCall(ILicences.pay, (_next())), INSTITUTE, AGREED);
    }

    function test_payWithPermit() public {
        IBenefits.Permit memory permit;
        _tryInEveryState(abi.encodeCall(ILicences.payWithPermit, (_next(), permit)), INSTITUTE, AGREED);
    }

    function test_recordDelivery() public {
        bytes memory act = abi.encodeCall(ILicences.recordDelivery, (_next()));
        _tryInEveryState(act, address(keyExchange), PAID);
    }

    function test_accept() public {
        _tryInEveryState(abi.encodeCall(ILicences.accept, (_next())), INSTITUTE, DELIVERED);
    }

    function test_settle() public {
        _tryInEveryState(abi.encodeCall(ILicences.settle, (_next())), STRANGER, ACTIVE | EXPIRED);
    }

    function test_refundByTheLicensor() public {
        _tryInEveryState(abi.encodeCall(ILicences.refund, (_next())), HOSPITAL, PAID | OVERDUE | DELIVERED);
    }

    function test_renew() public {
        _tryInEveryState(abi.encodeCall(ILicences.renew, (_next(), PRICE)), INSTITUTE, ACTIVE | EXPIRED);
    }

    /// @dev The world is put back after each state, so the licence has the same number in all of them.
    function _tryInEveryState(bytes memory act, address caller, uint256 accepted) private {
        _refuseInEveryOtherState(act, caller, accepted);
        for (uint8 state = 1; state <= uint8(type(LicenceState).max); ++state) {
            if (accepted >> state & 1 == 0) continue;
            uint256 world = vm.snapshotState();
            _reach(LicenceState(state));
            _allowBenefits();
            vm.prank(caller);
            (bool success, bytes memory answer) = address(licences).call(act);
            assertTrue(success, string(answer));
            vm.revertToState(world);
        }
    }

    function _refuseInEveryOtherState(bytes memory act, address caller, uint256 accepted) private {
        for (uint8 state = 1; state <= uint8(type(LicenceState).max); ++state) {
            if (accepted >> state & 1 == 1) continue;
            uint256 world = vm.snapshotState();
            LicenceId licence = _reach(LicenceState(state));
            assertState(licence, LicenceState(state));
            _allowBenefits();
            vm.prank(caller);
            (bool success, bytes memory answer) = address(licences).call(act);
            assertFalse(success, "accepted");
            bytes memory refusal =
                abi.encodeWithSelector(ILicences.LicenceStateRefused.selector, licence, LicenceState(state), accepted);
            assertEq(keccak256(answer), keccak256(refusal), "refusal");
            vm.revertToState(world);
        }
    }

    function _reach(LicenceState state) private returns (LicenceId licence) {
        if (state == LicenceState.Applied) return _applied();
        if (state == LicenceState.Approved) return _approved();
        if (state == LicenceState.Agreed) return _agreed();
        if (state == LicenceState.Paid) return _paid();
        if (state == LicenceState.Delivered) return _delivered();
        if (state == LicenceState.Active) return _active();
        if (state == LicenceState.Rejected) return _ended(_applied(), ILicences.reject.selector, HOSPITAL);
        if (state == LicenceState.Cancelled) return _ended(_agreed(), ILicences.cancel.selector, INSTITUTE);
        if (state == LicenceState.Refunded) return _ended(_paid(), ILicences.refund.selector, HOSPITAL);
        licence = state == LicenceState.Lapsed ? _agreed() : state == LicenceState.Overdue ? _paid() : _active();
        vm.warp(START + YEAR);
    }

    function _ended(LicenceId licence, bytes4 act, address caller) private returns (LicenceId) {
        vm.prank(caller);
        (bool success,) = address(licences).call(abi.encodePacked(act, abi.encode(licence, REASONS)));
        assertTrue(success, "ended");
        return licence;
    }

    function _allowBenefits() private {
        vm.prank(INSTITUTE);
        token.approve(address(benefits), PRICE);
    }

    function _next() private view returns (LicenceId) {
        return LicenceId.wrap(licences.licenceCount() + 1);
    }
}
