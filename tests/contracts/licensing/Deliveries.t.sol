// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {IERC5192} from "../../../contracts/interfaces/IERC5192.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {DatasetId, LicenceId, MemberId} from "../../../contracts/types/Ids.sol";
import {Kinds} from "../../../contracts/types/Kinds.sol";
import {DatasetStatus, EscrowStatus, LicenceState, MemberStatus} from "../../../contracts/types/States.sol";
import {World} from "../support/World.sol";

/// @title From the delivered key to the settled price: deliver, accept, settle, refund
contract DeliveriesTest is World {
    uint256 private constant PAID = 1 << uint8(LicenceState.Paid);
    uint256 private constant DELIVERED = 1 << uint8(LicenceState.Delivered);
    uint256 private constant SETTLEABLE = 1 << uint8(LicenceState.Active) | 1 << uint8(LicenceState.Expired);
    uint256 private constant REFUNDABLE =
        1 << uint8(LicenceState.Paid) | 1 << uint8(LicenceState.Overdue) | 1 << uint8(LicenceState.Delivered);

    // Deliver.

    function test_aDeliveryBringsTheLicenceIntoForce() public {
        LicenceId licence = _paid();
        vm.warp(START + 1 hours);
        (uint40 due, uint40 end) = (uint40(START + 1 hours + ACCEPTANCE_WINDOW), uint40(START + 1 hours + YEAR));
        vm.expectEmit(address(licences));
        emit ILicences.LicenceDelivered(licence, due, end);
        vm.expectEmit(address(licences));
        emit IERC721.Transfer(address(0), INSTITUTE, LicenceId.unwrap(licence));
        vm.expectEmit(address(licences));
        emit IERC5192.Locked(LicenceId.unwrap(licence));
        _deliver(licence);

        assertState(licence, LicenceState.Delivered);
        assertTrue(licences.isInForce(licence), "in force");
        assertEq(licences.licenceById(licence).deadline, due, "deadline");
        assertEq(licences.licenceById(licence).expiresAt, end, "expiry");
        assertEq(licences.ownerOf(LicenceId.unwrap(licence)), INSTITUTE, "owner");
    }

    function test_theTokenGoesToThePrincipalOfTheDay() public {
        LicenceId licence = _paid();
        _join(INSTITUTE, STRANGER);
        vm.prank(INSTITUTE);
        members.setPrincipal(STRANGER);
        _deliver(licence);
        assertEq(licences.ownerOf(LicenceId.unwrap(licence)), STRANGER, "owner");
    }

    function testFuzz_onlyTheKeyExchangeRecordsADelivery(address caller) public {
        vm.assume(caller != address(keyExchange));
        LicenceId licence = _paid();
        vm.expectRevert(abi.encodeWithSelector(ILicences.NotKeyExchange.selector, caller));
        vm.prank(caller);
        licences.recordDelivery(licence);
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_whatWasRevokedOrWithdrawnIsNotDelivered(bool revoked) public {
        LicenceId licence = _paid();
        if (revoked) _revoke(DatasetId.wrap(1));
        else _withdraw(DatasetId.wrap(1));
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatasets.DatasetNotAvailable.selector,
                DatasetId.wrap(1),
                revoked ? DatasetStatus.Revoked : DatasetStatus.Withdrawn
            )
        );
        _deliver(licence);

        _refund(STRANGER, licence);
        assertBalance(INSTITUTE_ID, PRICE);
    }

    function test_aRestoredDatasetIsDelivered() public {
        LicenceId licence = _paid();
        _withdraw(DatasetId.wrap(1));
        _restore(DatasetId.wrap(1));
        _deliver(licence);
        assertState(licence, LicenceState.Delivered);
    }

    // A new holder reads the key in the licensor's pending delivery and tries to stop it, so that a friend is refunded.

    function test_aNewHolderDoesNotStopTheDeliveryOfWhatWasSold() public {
        LicenceId licence = _soldAndTransferred();
        _withdrawAs(COMPANY);
        _expectNoRefund(licence);
        _deliver(licence);
        assertState(licence, LicenceState.Delivered);
        assertBalance(INSTITUTE_ID, 0);
    }

    function test_norIfItGivesTheDatasetBackAfterwards() public {
        LicenceId licence = _soldAndTransferred();
        _withdrawAs(COMPANY);
        vm.prank(COMPANY);
        datasets.transferFrom(COMPANY, HOSPITAL, 1);
        _expectNoRefund(licence);
        _deliver(licence);
        assertState(licence, LicenceState.Delivered);
    }

    function test_theLicensorsOwnWithdrawalCountsAfterATransfer() public {
        LicenceId licence = _paid();
        _withdraw(DatasetId.wrap(1));
        _transferToCompany();
        vm.expectRevert(
            abi.encodeWithSelector(IDatasets.DatasetNotAvailable.selector, DatasetId.wrap(1), DatasetStatus.Withdrawn)
        );
        _deliver(licence);

        vm.prank(COMPANY);
        datasets.restore(DatasetId.wrap(1));
        _withdrawAs(COMPANY);
        _expectNoRefund(licence);
        _deliver(licence);
        assertState(licence, LicenceState.Delivered);
    }

    function test_aRevocationCountsWhoeverHolds() public {
        LicenceId licence = _soldAndTransferred();
        _withdrawAs(COMPANY);
        _revoke(DatasetId.wrap(1));
        _refund(STRANGER, licence);
        _assertRefunded(licence);
    }

    function test_whatIsReinstatedAsWithdrawnByTheLicensorIsNotDelivered() public {
        LicenceId licence = _paid();
        _withdraw(DatasetId.wrap(1));
        _revoke(DatasetId.wrap(1));
        _reinstate(DatasetId.wrap(1));
        assertFalse(datasets.isDeliverableBy(DatasetId.wrap(1), HOSPITAL_ID), "deliverable");
        _refund(STRANGER, licence);
        _assertRefunded(licence);
    }

    function test_nobodyDeliversWhatIsNotThere() public view {
        assertFalse(datasets.isDeliverableBy(DatasetId.wrap(99), HOSPITAL_ID), "deliverable");
    }

    function test_aLicenceInForceOutlivesARevocation() public {
        LicenceId licence = _delivered();
        _revoke(DatasetId.wrap(1));
        assertTrue(licences.isInForce(licence), "in force");
    }

    // Accept.

    function test_theLicenseeAccepts() public {
        LicenceId licence = _delivered();
        vm.expectEmit(address(licences));
        emit ILicences.LicenceAccepted(licence);
        vm.prank(INSTITUTE);
        licences.accept(licence);
        assertState(licence, LicenceState.Active);
        assertTrue(licences.isInForce(licence), "in force");
    }

    function test_nobodyElseAccepts() public {
        LicenceId licence = _delivered();
        vm.expectRevert(abi.encodeWithSelector(ILicences.NotLicensee.selector, licence, INSTITUTE_ID, HOSPITAL_ID));
        vm.prank(HOSPITAL);
        licences.accept(licence);
        vm.expectRevert(abi.encodeWithSelector(ILicences.NotLicensee.selector, licence, INSTITUTE_ID, NOBODY));
        vm.prank(STRANGER);
        licences.accept(licence);
    }

    function test_aSuspendedLicenseeAccepts() public {
        LicenceId licence = _delivered();
        _setStatus(INSTITUTE_ID, MemberStatus.Suspended);
        vm.prank(INSTITUTE);
        licences.accept(licence);
    }

    // Settle.

    function test_anAcceptedDeliverySettlesByAnyonesCall() public {
        LicenceId licence = _active();
        vm.expectEmit(address(licences));
        emit ILicences.LicenceSettled(licence);
        vm.expectEmit(address(benefits));
        emit IBenefits.EscrowSettled(licence);
        vm.prank(STRANGER);
        licences.settle(licence);
        _assertSettled(licence, HOSPITAL_ID);
    }

    function test_silenceSettles() public {
        LicenceId licence = _delivered();
        expectStateRefused(licence, LicenceState.Delivered, SETTLEABLE);
        licences.settle(licence);

        vm.warp(START + ACCEPTANCE_WINDOW + 1);
        licences.settle(licence);
        _assertSettled(licence, HOSPITAL_ID);
        assertEq(uint256(licences.licenceById(licence).stage), uint256(LicenceState.Active), "stage");
    }

    function testFuzz_settlementIsNeverTooLate(uint40 time) public {
        LicenceId licence = _delivered();
        vm.warp(bound(time, START + ACCEPTANCE_WINDOW + 1, type(uint40).max));
        licences.settle(licence);
        _assertSettled(licence, HOSPITAL_ID);
    }

    function test_aPriceIsSettledOnce() public {
        LicenceId licence = _active();
        licences.settle(licence);
        vm.expectRevert(abi.encodeWithSelector(IBenefits.EscrowStatusRefused.selector, licence, EscrowStatus.Settled));
        licences.settle(licence);
    }

    function test_aFreeLicenceSettlesOnceAndMovesNothing() public {
        LicenceId licence = _agreedOn(freeTerms());
        _deliver(licence);
        vm.warp(START + ACCEPTANCE_WINDOW + 1);
        licences.settle(licence);
        assertBalance(HOSPITAL_ID, 0);
        vm.expectRevert(abi.encodeWithSelector(IBenefits.EscrowStatusRefused.selector, licence, EscrowStatus.Settled));
        licences.settle(licence);
    }

    /// @dev Who signed and delivered has earned the price, even if it holds the dataset no more.
    function test_theLicensorIsPaidNotTheNewHolder() public {
        IDatasets.Registration memory stated = registration();
        stated.collector = COMPANY_ID;
        LicenceId licence = _apply(COMPANY, _publish(HOSPITAL, _register(HOSPITAL, stated), terms()));
        _approve(licence);
        _agree(licence, terms(), COMPANY_KEY);
        vm.startPrank(COMPANY);
        token.approve(address(benefits), PRICE);
        licences.pay(licence);
        vm.stopPrank();
        vm.prank(HOSPITAL);
        datasets.transferFrom(HOSPITAL, INSTITUTE, 1);
        _deliver(licence);
        vm.prank(COMPANY);
        licences.accept(licence);
        licences.settle(licence);

        (uint256 collector, uint256 holder,,) = benefits.partsOf(PRICE, shares());
        assertBalance(COMPANY_ID, collector);
        assertBalance(HOSPITAL_ID, holder);
        assertBalance(INSTITUTE_ID, 0);
    }

    function test_payeesInBadStandingAreStillCredited() public {
        LicenceId licence = _active();
        _setStatus(HOSPITAL_ID, MemberStatus.Expelled);
        _setStatus(FUND_ID, MemberStatus.Expelled);
        licences.settle(licence);
        _assertSettled(licence, HOSPITAL_ID);
    }

    // Refund.

    function testFuzz_theLicensorRefundsOfItsOwnWill(uint8 seed) public {
        LicenceId licence = seed % 3 == 2 ? _delivered() : _paid();
        if (seed % 3 == 1) vm.warp(START + DELIVERY_WINDOW + 1);
        vm.expectEmit(address(licences));
        emit ILicences.LicenceRefunded(licence);
        vm.expectEmit(address(benefits));
        emit IBenefits.EscrowRefunded(licence);
        _refund(HOSPITAL, licence);
        _assertRefunded(licence);
    }

    function test_aRefundEndsADeliveredLicence() public {
        LicenceId licence = _delivered();
        vm.expectEmit(address(licences));
        emit IERC721.Transfer(INSTITUTE, address(0), LicenceId.unwrap(licence));
        _refund(HOSPITAL, licence);
        assertFalse(licences.isInForce(licence), "in force");
        assertEq(licences.balanceOf(INSTITUTE), 0, "tokens");
        assertBalance(INSTITUTE_ID, PRICE);
    }

    function testFuzz_anyoneRefundsWhatIsOverdueAndNobodyBefore(address caller, uint40 time) public {
        LicenceId licence = _paid();
        vm.assume(caller != HOSPITAL && caller != address(0));
        vm.warp(bound(time, START, type(uint40).max));
        bool overdue = block.timestamp > START + DELIVERY_WINDOW;
        if (!overdue) {
            vm.expectRevert(
                abi.encodeWithSelector(ILicences.RefundNotDue.selector, licence, uint40(START + DELIVERY_WINDOW))
            );
        }
        _refund(caller, licence);
        if (overdue) _assertRefunded(licence);
        else assertState(licence, LicenceState.Paid);
    }

    function testFuzz_anyoneRefundsOnceTheDatasetIsGone(address caller, bool revoked) public {
        LicenceId licence = _paid();
        vm.assume(caller != address(0));
        if (revoked) _revoke(DatasetId.wrap(1));
        else _withdraw(DatasetId.wrap(1));
        _refund(caller, licence);
        _assertRefunded(licence);
    }

    function test_theLicenseeDoesNotTakeTheMoneyBackAfterDelivery() public {
        LicenceId licence = _delivered();
        _withdraw(DatasetId.wrap(1));
        vm.expectRevert(
            abi.encodeWithSelector(ILicences.RefundNotDue.selector, licence, uint40(START + ACCEPTANCE_WINDOW))
        );
        _refund(INSTITUTE, licence);

        vm.warp(START + ACCEPTANCE_WINDOW + 1);
        expectStateRefused(licence, LicenceState.Active, REFUNDABLE);
        _refund(INSTITUTE, licence);
        expectStateRefused(licence, LicenceState.Active, REFUNDABLE);
        _refund(HOSPITAL, licence);
    }

    function test_aFreeLicenceIsEndedByRefund() public {
        LicenceId licence = _agreedOn(freeTerms());
        _refund(HOSPITAL, licence);
        assertState(licence, LicenceState.Refunded);
        assertEq(uint256(benefits.escrowOf(licence).status), uint256(EscrowStatus.None), "escrow");
    }

    function test_aRefundGoesToTheMemberNotToThePayingAccount() public {
        LicenceId licence = _paid();
        _join(INSTITUTE, STRANGER);
        vm.prank(INSTITUTE);
        members.setPrincipal(STRANGER);
        _refund(HOSPITAL, licence);
        benefits.withdraw(INSTITUTE_ID, address(token));
        assertEq(token.balanceOf(STRANGER), PRICE, "principal");
    }

    function test_aRefundedLicenceIsOver() public {
        LicenceId licence = _paid();
        _refund(HOSPITAL, licence);
        expectStateRefused(licence, LicenceState.Refunded, PAID);
        _deliver(licence);
        expectStateRefused(licence, LicenceState.Refunded, REFUNDABLE);
        _refund(HOSPITAL, licence);
        expectStateRefused(licence, LicenceState.Refunded, SETTLEABLE);
        licences.settle(licence);
        expectStateRefused(licence, LicenceState.Refunded, DELIVERED);
        vm.prank(INSTITUTE);
        licences.accept(licence);
    }

    function _soldAndTransferred() private returns (LicenceId licence) {
        licence = _paid();
        _transferToCompany();
    }

    function _transferToCompany() private {
        vm.prank(OPERATOR);
        members.setKinds(COMPANY_ID, Kinds.INSTITUTION);
        vm.prank(HOSPITAL);
        datasets.transferFrom(HOSPITAL, COMPANY, 1);
    }

    function _withdrawAs(address holder) private {
        vm.prank(holder);
        datasets.withdraw(DatasetId.wrap(1));
    }

    function _expectNoRefund(LicenceId licence) private {
        vm.expectRevert(
            abi.encodeWithSelector(ILicences.RefundNotDue.selector, licence, uint40(START + DELIVERY_WINDOW))
        );
        _refund(STRANGER, licence);
    }

    function _refund(address caller, LicenceId licence) private {
        vm.prank(caller);
        licences.refund(licence);
    }

    function _assertSettled(LicenceId licence, MemberId holder) private view {
        (uint256 collector, uint256 holderPart, uint256 fund, uint256 platform) = benefits.partsOf(PRICE, shares());
        assertBalance(holder, collector + holderPart);
        assertBalance(FUND_ID, fund);
        assertBalance(PLATFORM_ID, platform);
        assertEq(uint256(benefits.escrowOf(licence).status), uint256(EscrowStatus.Settled), "escrow");
    }

    function _assertRefunded(LicenceId licence) private view {
        assertState(licence, LicenceState.Refunded);
        assertBalance(INSTITUTE_ID, PRICE);
        assertEq(uint256(benefits.escrowOf(licence).status), uint256(EscrowStatus.Refunded), "escrow");
    }
}
