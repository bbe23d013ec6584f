// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {PlainToken} from "../../../contracts/mocks/PlainToken.sol";
import {DatasetId, LicenceId, OfferId} from "../../../contracts/types/Ids.sol";
import {DatasetStatus, EscrowStatus, LicenceState, MemberStatus} from "../../../contracts/types/States.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {World} from "../support/World.sol";

/// @title Paying into escrow, from an allowance or with a permit
contract PaymentsTest is World {
    uint256 private constant AGREED = 1 << uint8(LicenceState.Agreed);

    // With an allowance.

    function test_aPaymentGoesIntoEscrow() public {
        LicenceId licence = _agreed();
        vm.warp(START + 1 hours);
        _allow(INSTITUTE, PRICE);
        vm.expectEmit(address(licences));
        emit ILicences.LicencePaid(licence, INSTITUTE, PRICE, uint40(START + 1 hours + DELIVERY_WINDOW));
        vm.expectEmit(address(benefits));
        emit IBenefits.EscrowFunded(licence, INSTITUTE);
        vm.prank(INSTITUTE);
        licences.pay(licence);

        _assertPaid(licence, PRICE);
        assertEq(licences.licenceById(licence).deadline, START + 1 hours + DELIVERY_WINDOW, "deadline");
        assertEq(token.balanceOf(INSTITUTE), 1e12 - PRICE, "payer");
        assertBalance(HOSPITAL_ID, 0);
    }

    function testFuzz_exactlyThePriceIsTaken(uint128 price, uint256 allowed) public {
        Terms memory terms_ = terms();
        terms_.price = uint128(bound(price, 1, 1e12));
        allowed = bound(allowed, 0, 1e12);
        LicenceId licence = _agreedOn(terms_);
        _allow(INSTITUTE, allowed);

        if (allowed < terms_.price) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    IERC20Errors.ERC20InsufficientAllowance.selector, benefits, allowed, terms_.price
                )
            );
        }
        vm.prank(INSTITUTE);
        licences.pay(licence);
        if (allowed >= terms_.price) _assertPaid(licence, terms_.price);
        else _assertUnpaid(licence);
    }

    function test_insufficientFundsLeaveNothingHalfDone() public {
        Terms memory terms_ = terms();
        terms_.price = 1e12 + 1;
        LicenceId licence = _agreedOn(terms_);
        _allow(INSTITUTE, 1e12 + 1);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, INSTITUTE, 1e12, 1e12 + 1)
        );
        vm.prank(INSTITUTE);
        licences.pay(licence);
        _assertUnpaid(licence);
    }

    function test_anyAccountOfTheLicenseePays() public {
        LicenceId licence = _agreed();
        _join(INSTITUTE, STRANGER);
        vm.prank(OPERATOR);
        token.mint(STRANGER, PRICE);
        _allow(STRANGER, PRICE);
        vm.prank(STRANGER);
        licences.pay(licence);
        _assertPaid(licence, PRICE);
        assertMember(benefits.escrowOf(licence).payer, INSTITUTE_ID);
    }

    function test_onlyTheActiveLicenseePays() public {
        LicenceId licence = _agreed();
        _allow(COMPANY, PRICE);
        vm.expectRevert(abi.encodeWithSelector(ILicences.NotLicensee.selector, licence, INSTITUTE_ID, COMPANY_ID));
        vm.prank(COMPANY);
        licences.pay(licence);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, STRANGER));
        vm.prank(STRANGER);
        licences.pay(licence);

        _setStatus(INSTITUTE_ID, MemberStatus.Suspended);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, INSTITUTE_ID, MemberStatus.Suspended));
        vm.prank(INSTITUTE);
        licences.pay(licence);
    }

    function test_aLicenceIsPaidOnce() public {
        LicenceId licence = _paid();
        _allow(INSTITUTE, PRICE);
        expectStateRefused(licence, LicenceState.Paid, AGREED);
        vm.prank(INSTITUTE);
        licences.pay(licence);
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_aWithdrawnOrRevokedDatasetIsNotPaidFor(bool revoked, bool withPermit) public {
        LicenceId licence = _agreed();
        _allow(INSTITUTE, PRICE);
        if (revoked) _revoke(DatasetId.wrap(1));
        else _withdraw(DatasetId.wrap(1));
        IBenefits.Permit memory permit = permitted(INSTITUTE_KEY, PRICE, soon());
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatasets.DatasetNotAvailable.selector,
                DatasetId.wrap(1),
                revoked ? DatasetStatus.Revoked : DatasetStatus.Withdrawn
            )
        );
        vm.prank(INSTITUTE);
        if (withPermit) licences.payWithPermit(licence, permit);
        else licences.pay(licence);
        _assertUnpaid(licence);
    }

    /// @dev What was signed stands: neither the end of the offer nor of the token's place on the list changes it.
    function test_anAgreementOutlivesItsOfferAndItsToken() public {
        LicenceId licence = _agreed();
        vm.prank(HOSPITAL);
        offers.withdraw(OfferId.wrap(1));
        vm.prank(OPERATOR);
        benefits.setTokenAllowed(address(token), false);
        _pay(licence);
        _assertPaid(licence, PRICE);
    }

    // With a permit.

    function test_aPermitPays() public {
        LicenceId licence = _agreed();
        _payWithPermit(licence, permitted(INSTITUTE_KEY, PRICE, soon()));
        _assertPaid(licence, PRICE);
        assertEq(token.allowance(INSTITUTE, address(benefits)), 0, "nothing is left allowed");
    }

    function testFuzz_aPermitPaysUntilItsDeadline(uint256 deadline) public {
        LicenceId licence = _agreed();
        deadline = bound(deadline, 0, START * 2);
        IBenefits.Permit memory permit = permitted(INSTITUTE_KEY, PRICE, deadline);
        if (deadline < START) {
            vm.expectRevert(abi.encodeWithSelector(IBenefits.PermitExpired.selector, deadline));
        }
        _payWithPermit(licence, permit);
        if (deadline < START) _assertUnpaid(licence);
        else _assertPaid(licence, PRICE);
    }

    function test_thePermitsBoundary() public {
        LicenceId licence = _agreed();
        IBenefits.Permit memory permit = permitted(INSTITUTE_KEY, PRICE, START - 1);
        vm.expectRevert(abi.encodeWithSelector(IBenefits.PermitExpired.selector, START - 1));
        _payWithPermit(licence, permit);
        _payWithPermit(licence, permitted(INSTITUTE_KEY, PRICE, START));
        _assertPaid(licence, PRICE);
    }

    /// @dev In its last second a permit is not expired: what is wrong with this one is something else.
    function test_aPermitIsNotExpiredInItsLastSecond() public {
        LicenceId licence = _agreed();
        IBenefits.Permit memory permit = permitted(COMPANY_KEY, PRICE, START);
        vm.expectRevert(abi.encodeWithSelector(IBenefits.PermitRefused.selector, token, INSTITUTE));
        _payWithPermit(licence, permit);
    }

    function test_anExpiredPermitDoesNotHinderAnAllowance() public {
        LicenceId licence = _agreed();
        _allow(INSTITUTE, PRICE);
        _payWithPermit(licence, permitted(INSTITUTE_KEY, PRICE, START - 1));
        _assertPaid(licence, PRICE);
    }

    /// @dev Whoever sees the payment waiting can submit its permit first: it pays all the same.
    function test_aPermitSubmittedByAnotherFirstStillPays() public {
        LicenceId licence = _agreed();
        IBenefits.Permit memory permit = permitted(INSTITUTE_KEY, PRICE, soon());
        vm.prank(STRANGER);
        token.permit(INSTITUTE, address(benefits), PRICE, permit.deadline, permit.v, permit.r, permit.s);
        _payWithPermit(licence, permit);
        _assertPaid(licence, PRICE);
    }

    function testFuzz_aPermitOverAnotherAmountIsRefused(uint256 amount) public {
        vm.assume(amount != PRICE);
        LicenceId licence = _agreed();
        IBenefits.Permit memory permit = permitted(INSTITUTE_KEY, amount, soon());
        vm.expectRevert(abi.encodeWithSelector(IBenefits.PermitRefused.selector, token, INSTITUTE));
        _payWithPermit(licence, permit);
        _assertUnpaid(licence);
    }

    function test_aPermitByAnotherAccountIsRefused() public {
        LicenceId licence = _agreed();
        IBenefits.Permit memory permit = permitted(COMPANY_KEY, PRICE, soon());
        vm.expectRevert(abi.encodeWithSelector(IBenefits.PermitRefused.selector, token, INSTITUTE));
        _payWithPermit(licence, permit);
    }

    function test_aPermitIsUsedOnce() public {
        LicenceId first = _agreed();
        LicenceId second = _agreed();
        IBenefits.Permit memory permit = permitted(INSTITUTE_KEY, PRICE, soon());
        _payWithPermit(first, permit);
        vm.expectRevert(abi.encodeWithSelector(IBenefits.PermitRefused.selector, token, INSTITUTE));
        _payWithPermit(second, permit);
    }

    function test_aPermitOfTheLicenseePaysForNoOtherMember() public {
        LicenceId licence = _agreed();
        IBenefits.Permit memory permit = permitted(INSTITUTE_KEY, PRICE, soon());
        vm.expectRevert(abi.encodeWithSelector(ILicences.NotLicensee.selector, licence, INSTITUTE_ID, COMPANY_ID));
        vm.prank(COMPANY);
        licences.payWithPermit(licence, permit);
    }

    function test_aTokenWithoutPermitsNeedsAnAllowance() public {
        PlainToken plain = new PlainToken();
        plain.mint(INSTITUTE, PRICE);
        _allowToken(address(plain));
        Terms memory terms_ = terms();
        terms_.token = address(plain);
        LicenceId licence = _agreedOn(terms_);
        IBenefits.Permit memory permit = permitted(INSTITUTE_KEY, PRICE, soon());
        vm.expectRevert(abi.encodeWithSelector(IBenefits.PermitRefused.selector, plain, INSTITUTE));
        _payWithPermit(licence, permit);

        vm.prank(INSTITUTE);
        plain.approve(address(benefits), PRICE);
        _payWithPermit(licence, permit);
        assertState(licence, LicenceState.Paid);
    }

    function _allow(address owner, uint256 amount) private {
        vm.prank(owner);
        token.approve(address(benefits), amount);
    }

    function _payWithPermit(LicenceId licence, IBenefits.Permit memory permit) private {
        vm.prank(INSTITUTE);
        licences.payWithPermit(licence, permit);
    }

    function _assertPaid(LicenceId licence, uint256 price) private view {
        assertState(licence, LicenceState.Paid);
        assertEq(uint256(benefits.escrowOf(licence).status), uint256(EscrowStatus.Funded), "escrow");
        assertEq(token.balanceOf(address(benefits)), price, "held");
    }

    function _assertUnpaid(LicenceId licence) private view {
        assertState(licence, LicenceState.Agreed);
        assertEq(uint256(benefits.escrowOf(licence).status), uint256(EscrowStatus.Invoiced), "escrow");
        assertEq(token.balanceOf(address(benefits)), 0, "held");
    }
}
