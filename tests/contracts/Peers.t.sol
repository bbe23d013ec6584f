// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBenefits} from "../../contracts/interfaces/IBenefits.sol";
import {IDatasets} from "../../contracts/interfaces/IDatasets.sol";
import {ILicences} from "../../contracts/interfaces/ILicences.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {IOffers} from "../../contracts/interfaces/IOffers.sol";
import {DatasetId, LicenceId, OfferId} from "../../contracts/types/Ids.sol";
import {DatasetStatus, LicenceState} from "../../contracts/types/States.sol";
import {World} from "./support/World.sol";

/// @title What the peers get wrong
/// @notice Measured on the contracts of known data markets: each of these went through there. Each is refused here.
contract PeersTest is World {
    DatasetId private constant DATASET = DatasetId.wrap(1);

    // A dataset that its holder withdrew, or that the consortium revoked.

    function test_buyingAWithdrawnDatasetIsRefusedAtEveryStep() public {
        _refuseAtEveryStep(DatasetStatus.Withdrawn);
    }

    function test_buyingARevokedDatasetIsRefusedAtEveryStep() public {
        _refuseAtEveryStep(DatasetStatus.Revoked);
    }

    // An order that never was.

    function testFuzz_anOrderThatNeverExistedIsNeitherPaidNorServed(uint64 id) public {
        LicenceId real = _agreed();
        vm.assume(id != LicenceId.unwrap(real));
        LicenceId never = LicenceId.wrap(id);
        bytes memory refusal = abi.encodeWithSelector(ILicences.LicenceUnknown.selector, never);
        IBenefits.Permit memory permit;

        vm.startPrank(INSTITUTE);
        vm.expectRevert(refusal);
        licences.pay(never);
        vm.expectRevert(refusal);
        licences.payWithPermit(never, permit);
        vm.expectRevert(refusal);
        licences.renew(never, PRICE);
        vm.stopPrank();
        vm.expectRevert(refusal);
        _deliver(never);
        vm.expectRevert(refusal);
        licences.settle(never);
        vm.expectRevert(refusal);
        licences.refund(never);
    }

    function test_anOrderIsNotUsedByAnother() public {
        LicenceId licence = _agreed();
        bytes memory refusal = abi.encodeWithSelector(ILicences.NotLicensee.selector, licence, INSTITUTE_ID, COMPANY_ID);
        vm.expectRevert(refusal);
        vm.prank(COMPANY);
        licences.pay(licence);
        _pay(licence);
        _deliver(licence);
        vm.expectRevert(refusal);
        vm.prank(COMPANY);
        licences.accept(licence);
        assertEq(licences.balanceOf(COMPANY), 0, "tokens");
    }

    function test_anOrderIsNotUsedTwice() public {
        LicenceId licence = _delivered();
        expectStateRefused(licence, LicenceState.Delivered, 1 << uint8(LicenceState.Paid));
        _deliver(licence);
    }

    // A foreign provider's key.

    function test_aForeignProvidersKeyIsRefused() public {
        LicenceId licence = _paid();
        vm.expectRevert(abi.encodeWithSelector(ILicences.NotLicensor.selector, licence, HOSPITAL_ID, COMPANY_ID));
        vm.prank(COMPANY);
        keyExchange.deliver(licence, WRAPPED_KEY, 2, GENERATOR_X);
        vm.expectRevert(abi.encodeWithSelector(ILicences.NotLicensor.selector, licence, HOSPITAL_ID, PLATFORM_ID));
        vm.prank(PLATFORM);
        keyExchange.deliver(licence, WRAPPED_KEY, 2, GENERATOR_X);
        vm.expectRevert(abi.encodeWithSelector(ILicences.NotLicensor.selector, licence, HOSPITAL_ID, NOBODY));
        vm.prank(STRANGER);
        keyExchange.deliver(licence, WRAPPED_KEY, 2, GENERATOR_X);
        assertState(licence, LicenceState.Paid);
    }

    function test_aForeignProvidersOfferIsRefused() public {
        DatasetId dataset = _registered();
        expectNotHolder(dataset, INSTITUTE_ID);
        _publish(INSTITUTE, dataset, terms());
    }

    // A service that does not exist.

    function testFuzz_aServiceThatDoesNotExistIsRefused(uint64 id) public {
        OfferId real = _offered();
        vm.assume(id != OfferId.unwrap(real));
        vm.expectRevert(abi.encodeWithSelector(IOffers.OfferUnknown.selector, OfferId.wrap(id)));
        _apply(INSTITUTE, OfferId.wrap(id));
    }

    function test_aServiceThatExistsNoMoreIsRefused() public {
        OfferId offer = _offered();
        vm.prank(HOSPITAL);
        offers.withdraw(offer);
        vm.expectRevert(abi.encodeWithSelector(IOffers.OfferNotOpen.selector, offer));
        _apply(INSTITUTE, offer);
    }

    function test_aBuyerThatDoesNotExistIsRefused() public {
        OfferId offer = _offered();
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, STRANGER));
        _apply(STRANGER, offer);
    }

    // Paying without ever receiving.

    function testFuzz_payingWithoutReceivingIsRefundedByAnyone(address anyone, uint40 time) public {
        LicenceId licence = _paid();
        vm.assume(anyone != address(0));
        vm.warp(bound(time, START + DELIVERY_WINDOW + 1, type(uint40).max));

        vm.prank(anyone);
        licences.refund(licence);
        benefits.withdraw(INSTITUTE_ID, address(token));
        assertEq(token.balanceOf(INSTITUTE), 1e12, "all of it is back");
        assertEq(token.balanceOf(address(benefits)), 0, "nothing is left");
    }

    function test_whoDidNotDeliverEarnsNothing() public {
        LicenceId licence = _paid();
        vm.warp(START + 10 * uint256(YEAR));
        uint256 settleable = 1 << uint8(LicenceState.Active) | 1 << uint8(LicenceState.Expired);
        expectStateRefused(licence, LicenceState.Overdue, settleable);
        vm.prank(HOSPITAL);
        licences.settle(licence);
        assertBalance(HOSPITAL_ID, 0);
    }

    /// @dev Apply, agree, pay, deliver and renew, each on a licence that has come so far, after the dataset is gone.
    function _refuseAtEveryStep(DatasetStatus status) private {
        OfferId offer = _offered();
        LicenceId approved = _next(offer);
        LicenceId agreed = _next(offer);
        _agree(agreed, terms());
        LicenceId paid = _next(offer);
        _agree(paid, terms());
        _pay(paid);
        LicenceId active = _next(offer);
        _agree(active, terms());
        _pay(active);
        _deliver(active);
        (, bytes32 digest) = licences.agreementOf(approved, terms(), soon());
        ILicences.PartySignature memory licensor = signed(HOSPITAL_KEY, digest);
        ILicences.PartySignature memory licensee = signed(INSTITUTE_KEY, digest);
        vm.startPrank(INSTITUTE);
        licences.accept(active);
        token.approve(address(benefits), type(uint256).max);
        vm.stopPrank();

        if (status == DatasetStatus.Revoked) _revoke(DATASET);
        else _withdraw(DATASET);
        bytes memory refusal = abi.encodeWithSelector(IDatasets.DatasetNotAvailable.selector, DATASET, status);
        vm.expectRevert(refusal);
        _publish(HOSPITAL, DATASET, terms());
        vm.expectRevert(refusal);
        _apply(COMPANY, offer);
        vm.expectRevert(refusal);
        licences.agree(approved, terms(), soon(), licensor, licensee);
        vm.expectRevert(refusal);
        vm.prank(INSTITUTE);
        licences.pay(agreed);
        vm.expectRevert(refusal);
        _deliver(paid);
        vm.expectRevert(refusal);
        vm.prank(INSTITUTE);
        licences.renew(active, PRICE);

        vm.prank(STRANGER);
        licences.refund(paid);
        assertBalance(INSTITUTE_ID, PRICE);
    }

    function _next(OfferId offer) private returns (LicenceId licence) {
        licence = _apply(INSTITUTE, offer);
        _approve(licence);
    }
}
