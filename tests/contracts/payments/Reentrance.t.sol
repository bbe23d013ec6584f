// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuard} from "@openzeppelin/contracts/utils/ReentrancyGuard.sol";

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {IKeyExchange} from "../../../contracts/interfaces/IKeyExchange.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {ReentrantToken} from "../../../contracts/mocks/ReentrantToken.sol";
import {LicenceId, MemberId} from "../../../contracts/types/Ids.sol";
import {LicenceState} from "../../../contracts/types/States.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {World} from "../support/World.sol";

/// @title A token that calls back while it is being moved
/// @notice It acts for a member of the ledger, so its calls pass every check of who is calling.
contract ReentranceTest is World {
    uint256 private constant AGREED = 1 << uint8(LicenceState.Agreed);

    ReentrantToken private _money;

    function setUp() public override {
        super.setUp();
        _money = new ReentrantToken();
        _allowToken(address(_money));
        _money.mint(INSTITUTE, 10 * PRICE);
        _money.allow(INSTITUTE, address(benefits), type(uint256).max);
        _money.mint(address(_money), 10 * PRICE);
        _money.allow(address(_money), address(benefits), type(uint256).max);
    }

    // During a payment.

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_aPaymentIsNotMadeTwice(bool withPermit) public {
        _actFor(INSTITUTE);
        LicenceId licence = _agreedIn();
        _arm(address(licences), abi.encodeCall(ILicences.pay, (licence)), false);
        _payIn(licence, withPermit);
        _assertRefused(
            abi.encodeWithSelector(ILicences.LicenceStateRefused.selector, licence, LicenceState.Paid, AGREED)
        );
        _assertConserved(licence, licence);
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_aPaymentIsNotCancelledMeanwhile(bool withPermit) public {
        _actFor(INSTITUTE);
        LicenceId licence = _agreedIn();
        _arm(address(licences), abi.encodeCall(ILicences.cancel, (licence)), false);
        _payIn(licence, withPermit);
        assertTrue(_money.attempted() && !_money.succeeded(), "refused");
        assertState(licence, LicenceState.Paid);
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_noOtherPaymentFallsIntoOne(bool withPermit, bool skips) public {
        _actFor(INSTITUTE);
        LicenceId first = _agreedIn();
        LicenceId second = _agreedIn();
        _arm(address(licences), abi.encodeCall(ILicences.pay, (second)), skips);
        bool takesNothing = skips && !withPermit;
        if (takesNothing) _expectInexact(PRICE, 0);
        _payIn(first, withPermit);
        assertState(second, LicenceState.Agreed);
        assertState(first, takesNothing ? LicenceState.Agreed : LicenceState.Paid);
        if (!takesNothing) _assertRefused(_guardRefusal());
        _assertConserved(first, second);
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_noWithdrawalFallsIntoAPayment(bool withPermit, bool skips) public {
        _actFor(HOSPITAL);
        LicenceId settled = _settledIn();
        LicenceId licence = _agreedIn();
        _arm(address(benefits), abi.encodeCall(IBenefits.withdraw, (FUND_ID, address(_money))), skips);
        if (skips && !withPermit) _expectInexact(PRICE, 0);
        _payIn(licence, withPermit);
        assertEq(_money.balanceOf(FUND), 0, "withdrawn");
        if (!skips || withPermit) _assertRefused(_guardRefusal());
        _assertConserved(settled, licence);
    }

    /// @dev The licensor may refund at any time, this one included: the money that comes in is then the payer's.
    function test_aRefundDuringAPaymentLosesNothing() public {
        _actFor(HOSPITAL);
        LicenceId licence = _agreedIn();
        _arm(address(licences), abi.encodeCall(ILicences.refund, (licence)), false);
        _payIn(licence, false);
        assertTrue(_money.succeeded(), "refunded");
        assertState(licence, LicenceState.Refunded);
        assertEq(benefits.balanceOf(INSTITUTE_ID, address(_money)), PRICE, "balance");
        _assertConserved(licence, licence);
    }

    /// @dev The same with a payment that never comes in: nothing of it remains.
    function test_aRefundOfWhatNeverCameInIsUndone() public {
        _actFor(HOSPITAL);
        LicenceId licence = _agreedIn();
        _arm(address(licences), abi.encodeCall(ILicences.refund, (licence)), true);
        _expectInexact(PRICE, 0);
        _payIn(licence, false);
        assertState(licence, LicenceState.Agreed);
        assertEq(benefits.balanceOf(INSTITUTE_ID, address(_money)), 0, "balance");
    }

    function test_aDeliveryForWhatNeverCameInIsUndone() public {
        _actFor(HOSPITAL);
        LicenceId licence = _agreedIn();
        bytes memory delivery = abi.encodeCall(IKeyExchange.deliver, (licence, WRAPPED_KEY, 2, GENERATOR_X));
        _arm(address(keyExchange), delivery, true);
        _expectInexact(PRICE, 0);
        _payIn(licence, false);
        assertState(licence, LicenceState.Agreed);
        assertEq(keyExchange.deliveryOf(licence).deliveredAt, 0, "delivery");
        assertEq(licences.balanceOf(INSTITUTE), 0, "tokens");
    }

    // During a renewal.

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_whatARenewalCreditsIsNotWithdrawnBeforeItIsPaid(bool skips) public {
        LicenceId licence = _settledIn();
        _arm(address(benefits), abi.encodeCall(IBenefits.withdraw, (HOSPITAL_ID, address(_money))), skips);
        if (skips) _expectInexact(PRICE, 0);
        vm.prank(INSTITUTE);
        licences.renew(licence, PRICE);
        assertEq(_money.balanceOf(HOSPITAL), 0, "withdrawn");
        if (!skips) _assertRefused(_guardRefusal());
        _assertConserved(licence, licence);
    }

    function test_aRenewalIsNotMadeTwice() public {
        _actFor(INSTITUTE);
        LicenceId licence = _settledIn();
        _arm(address(licences), abi.encodeCall(ILicences.renew, (licence, PRICE)), false);
        vm.prank(INSTITUTE);
        licences.renew(licence, PRICE);
        _assertRefused(abi.encodeWithSelector(ILicences.RenewalTooEarly.selector, licence, uint40(START + YEAR)));
        assertEq(licences.licenceById(licence).expiresAt, START + 2 * YEAR, "one term");
        _assertConserved(licence, licence);
    }

    // During a withdrawal.

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_aBalanceIsNotWithdrawnTwice(bool skips) public {
        LicenceId licence = _settledIn();
        uint256 owed = benefits.balanceOf(HOSPITAL_ID, address(_money));
        _arm(address(benefits), abi.encodeCall(IBenefits.withdraw, (HOSPITAL_ID, address(_money))), skips);
        if (skips) _expectInexact(owed, 0);
        benefits.withdraw(HOSPITAL_ID, address(_money));
        assertEq(_money.balanceOf(HOSPITAL), skips ? 0 : owed, "received");
        if (!skips) _assertRefused(_guardRefusal());
        _assertConserved(licence, licence);
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_noPaymentFallsIntoAWithdrawal(bool skips) public {
        _actFor(INSTITUTE);
        LicenceId settled = _settledIn();
        LicenceId licence = _agreedIn();
        uint256 owed = benefits.balanceOf(FUND_ID, address(_money));
        _arm(address(licences), abi.encodeCall(ILicences.pay, (licence)), skips);
        if (skips) _expectInexact(owed, 0);
        benefits.withdraw(FUND_ID, address(_money));
        assertState(licence, LicenceState.Agreed);
        _assertConserved(settled, licence);
    }

    function _actFor(address principal) private {
        MemberId member = members.memberOf(principal);
        vm.prank(principal);
        members.inviteAccount(address(_money));
        _money.execute(address(members), abi.encodeCall(IMembers.acceptInvitation, (member)));
    }

    function _arm(address target, bytes memory data, bool skips) private {
        _money.arm(target, data, skips);
    }

    function _agreedIn() private returns (LicenceId) {
        Terms memory terms_ = terms();
        terms_.token = address(_money);
        return _agreedOn(terms_);
    }

    function _settledIn() private returns (LicenceId licence) {
        licence = _agreedIn();
        _payIn(licence, false);
        _deliver(licence);
        vm.prank(INSTITUTE);
        licences.accept(licence);
        licences.settle(licence);
    }

    function _payIn(LicenceId licence, bool withPermit) private {
        IBenefits.Permit memory permit;
        permit.deadline = type(uint256).max;
        vm.prank(INSTITUTE);
        if (withPermit) licences.payWithPermit(licence, permit);
        else licences.pay(licence);
    }

    function _expectInexact(uint256 expected, uint256 received) private {
        vm.expectRevert(abi.encodeWithSelector(IBenefits.TransferInexact.selector, _money, expected, received));
    }

    function _assertRefused(bytes memory refusal) private view {
        assertTrue(_money.attempted(), "attempted");
        assertFalse(_money.succeeded(), "succeeded");
        assertEq(keccak256(_money.answer()), keccak256(refusal), "refusal");
    }

    function _guardRefusal() private pure returns (bytes memory) {
        return abi.encodeWithSelector(ReentrancyGuard.ReentrancyGuardReentrantCall.selector);
    }

    function _assertConserved(LicenceId first, LicenceId second) private view {
        uint256 owed = fundedIn(first);
        if (first != second) owed += fundedIn(second);
        for (uint32 id = 1; id <= members.memberCount(); ++id) {
            owed += benefits.balanceOf(MemberId.wrap(id), address(_money));
        }
        assertEq(_money.balanceOf(address(benefits)), owed, "conserved");
    }
}
