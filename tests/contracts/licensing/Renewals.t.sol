// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {IOffers} from "../../../contracts/interfaces/IOffers.sol";
import {DatasetId, LicenceId, OfferId} from "../../../contracts/types/Ids.sol";
import {DatasetStatus, LicenceState, MemberStatus} from "../../../contracts/types/States.sol";
import {World} from "../support/World.sol";

/// @title Further terms of a licence
contract RenewalsTest is World {
    uint256 private constant RENEWABLE = 1 << uint8(LicenceState.Active) | 1 << uint8(LicenceState.Expired);

    function test_aRenewalAddsATermAndIsSplitAtOnce() public {
        LicenceId licence = _renewable();
        licences.settle(licence);
        uint40 end = uint40(START + 2 * YEAR);
        vm.warp(START + 30 days);
        vm.expectEmit(address(licences));
        emit ILicences.LicenceRenewed(licence, INSTITUTE, PRICE, end);
        vm.expectEmit(address(benefits));
        emit IBenefits.RenewalCollected(licence, INSTITUTE, address(token), PRICE);
        _renew(licence);

        assertEq(licences.licenceById(licence).expiresAt, end, "expiry");
        (uint256 collector, uint256 holder, uint256 fund, uint256 platform) = benefits.partsOf(PRICE, shares());
        assertBalance(HOSPITAL_ID, 2 * (collector + holder));
        assertBalance(FUND_ID, 2 * fund);
        assertBalance(PLATFORM_ID, 2 * platform);
        assertEq(token.balanceOf(address(benefits)), 2 * PRICE, "held");
    }

    function test_aRenewalSettlesTheFirstTerm() public {
        LicenceId licence = _delivered();
        _allow();
        vm.warp(START + ACCEPTANCE_WINDOW + 1);
        _renew(licence);
        (uint256 collector, uint256 holder,,) = benefits.partsOf(PRICE, shares());
        assertBalance(HOSPITAL_ID, 2 * (collector + holder));
        assertEq(uint256(licences.licenceById(licence).stage), uint256(LicenceState.Active), "stage");
    }

    /// @dev A term that ended starts anew now, another is added to the end; no more than one lies ahead.
    function testFuzz_theEndOfARenewedTerm(uint40 time) public {
        LicenceId licence = _renewable();
        vm.warp(bound(time, START, type(uint40).max - YEAR));
        uint40 end = uint40(START + YEAR);
        bool ended = block.timestamp >= end;
        _renew(licence);

        uint256 expected = (ended ? block.timestamp : end) + YEAR;
        assertEq(licences.licenceById(licence).expiresAt, expected, "expiry");
        assertState(licence, LicenceState.Active);
        assertTrue(licences.isInForce(licence), "in force");
    }

    function testFuzz_noMoreThanOneTermLiesAhead(uint40 time) public {
        LicenceId licence = _renewable();
        _renew(licence);
        uint40 renewableFrom = uint40(START + YEAR);
        vm.warp(bound(time, START, START + 5 * uint256(YEAR)));
        if (block.timestamp < renewableFrom) {
            vm.expectRevert(abi.encodeWithSelector(ILicences.RenewalTooEarly.selector, licence, renewableFrom));
        }
        _renew(licence);
    }

    function test_theBoundaryOfTheLastTerm() public {
        LicenceId licence = _renewable();
        _renew(licence);
        vm.warp(START + YEAR - 1);
        vm.expectRevert(abi.encodeWithSelector(ILicences.RenewalTooEarly.selector, licence, uint40(START + YEAR)));
        _renew(licence);
        vm.warp(START + YEAR);
        _renew(licence);
        assertEq(licences.licenceById(licence).expiresAt, START + 3 * uint256(YEAR), "expiry");
    }

    function test_anExpiredLicenceComesBackIntoForce() public {
        LicenceId licence = _renewable();
        vm.warp(START + YEAR);
        assertState(licence, LicenceState.Expired);
        assertFalse(licences.isInForce(licence), "in force");
        _renew(licence);
        assertState(licence, LicenceState.Active);
    }

    function test_aFreeLicenceIsRenewedWithoutMoney() public {
        LicenceId licence = _agreedOn(freeTerms());
        _deliver(licence);
        vm.startPrank(INSTITUTE);
        licences.accept(licence);
        licences.renew(licence, 0);
        assertEq(licences.licenceById(licence).expiresAt, START + 2 * YEAR, "expiry");
        assertBalance(HOSPITAL_ID, 0);
    }

    /// @dev The renewed right is the present holder's to give; the first term's price was its predecessor's.
    function test_aRenewalPaysThePresentHolder() public {
        LicenceId licence = _apply(COMPANY, _offered());
        _approve(licence);
        _agree(licence, terms(), COMPANY_KEY);
        vm.startPrank(COMPANY);
        token.approve(address(benefits), 2 * PRICE);
        licences.pay(licence);
        vm.stopPrank();
        _deliver(licence);
        vm.prank(HOSPITAL);
        datasets.transferFrom(HOSPITAL, INSTITUTE, 1);
        vm.startPrank(COMPANY);
        licences.accept(licence);
        licences.renew(licence, PRICE);

        (uint256 collector, uint256 holder,,) = benefits.partsOf(PRICE, shares());
        assertBalance(INSTITUTE_ID, holder);
        assertBalance(HOSPITAL_ID, 2 * collector + holder);
    }

    // Refusals.

    /// @dev The data is delivered and the offer stands: the licensee need not watch the holder's standing.
    function test_aHolderInBadStandingIsRenewedWithAndPaid() public {
        LicenceId licence = _active();
        _setStatus(HOSPITAL_ID, MemberStatus.Expelled);
        vm.warp(START + YEAR);
        vm.startPrank(INSTITUTE);
        token.approve(address(benefits), PRICE);
        licences.renew(licence, uint128(PRICE));
        vm.stopPrank();

        (uint256 collector, uint256 holder,,) = benefits.partsOf(PRICE, shares());
        assertBalance(HOSPITAL_ID, 2 * (collector + holder));
    }

    function testFuzz_neverAboveTheLimit(uint128 limit) public {
        LicenceId licence = _renewable();
        if (limit < PRICE) {
            vm.expectRevert(abi.encodeWithSelector(ILicences.PriceAboveLimit.selector, PRICE, limit));
        }
        vm.prank(INSTITUTE);
        licences.renew(licence, limit);
    }

    function test_onlyTheActiveLicenseeRenews() public {
        LicenceId licence = _renewable();
        vm.expectRevert(abi.encodeWithSelector(ILicences.NotLicensee.selector, licence, INSTITUTE_ID, COMPANY_ID));
        vm.prank(COMPANY);
        licences.renew(licence, PRICE);

        _setStatus(INSTITUTE_ID, MemberStatus.Suspended);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, INSTITUTE_ID, MemberStatus.Suspended));
        _renew(licence);
    }

    function test_aWithdrawnOfferIsNotRenewed() public {
        LicenceId licence = _renewable();
        vm.prank(HOSPITAL);
        offers.withdraw(OfferId.wrap(1));
        vm.expectRevert(abi.encodeWithSelector(IOffers.OfferNotOpen.selector, OfferId.wrap(1)));
        _renew(licence);
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_aWithdrawnOrRevokedDatasetIsNotRenewed(bool revoked) public {
        LicenceId licence = _renewable();
        if (revoked) _revoke(DatasetId.wrap(1));
        else _withdraw(DatasetId.wrap(1));
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatasets.DatasetNotAvailable.selector,
                DatasetId.wrap(1),
                revoked ? DatasetStatus.Revoked : DatasetStatus.Withdrawn
            )
        );
        _renew(licence);
    }

    function test_onlyWhatWasDeliveredAndAcceptedIsRenewed() public {
        LicenceId licence = _delivered();
        expectStateRefused(licence, LicenceState.Delivered, RENEWABLE);
        _renew(licence);
    }

    function test_aRenewalThatIsNotPaidChangesNothing() public {
        LicenceId licence = _renewable();
        vm.prank(INSTITUTE);
        token.approve(address(benefits), PRICE - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, benefits, PRICE - 1, PRICE)
        );
        _renew(licence);
        assertEq(licences.licenceById(licence).expiresAt, START + YEAR, "expiry");
        assertBalance(HOSPITAL_ID, 0);
    }

    function _renewable() private returns (LicenceId licence) {
        licence = _active();
        _allow();
    }

    function _allow() private {
        vm.prank(INSTITUTE);
        token.approve(address(benefits), type(uint256).max);
    }

    function _renew(LicenceId licence) private {
        vm.prank(INSTITUTE);
        licences.renew(licence, PRICE);
    }
}
