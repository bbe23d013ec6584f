// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {FalseToken} from "../../../contracts/mocks/FalseToken.sol";
import {FeeToken} from "../../../contracts/mocks/FeeToken.sol";
import {LyingToken} from "../../../contracts/mocks/LyingToken.sol";
import {SilentToken} from "../../../contracts/mocks/SilentToken.sol";
import {LicenceId, MemberId} from "../../../contracts/types/Ids.sol";
import {EscrowStatus, LicenceState} from "../../../contracts/types/States.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {World} from "../support/World.sol";

/// @dev What every mock can do.
interface IMoney {
    function mint(address to, uint256 amount) external;
    function approve(address spender, uint256 amount) external;
    function balanceOf(address account) external view returns (uint256);
}

/// @title Tokens that fee, fail, lie or return nothing, on every path that money takes
/// @notice After each refusal nothing has changed; after each success the ledger holds what it owes, to the unit.
contract HostileTokensTest is World {
    FeeToken private _fee;
    FalseToken private _false;
    LyingToken private _lying;
    SilentToken private _silent;

    function setUp() public override {
        super.setUp();
        _fee = new FeeToken();
        _false = new FalseToken();
        _lying = new LyingToken();
        _silent = new SilentToken();
        _list(address(_fee));
        _list(address(_false));
        _list(address(_lying));
        _list(address(_silent));
    }

    // Fee on transfer.

    function testFuzz_aFeeAtTheReceiversExpenseIsRefusedAtPayment(uint8 percent, bool withPermit) public {
        LicenceId licence = _agreedIn(address(_fee));
        uint256 rate = bound(percent, 1, 100);
        _fee.setFee(rate, false);
        _expectInexact(address(_fee), PRICE, PRICE - uint256(PRICE) * rate / 100);
        _payIn(licence, withPermit);
        _assertUntouched(licence, address(_fee));
    }

    function test_aFeeAtThePayersExpenseIsThePayers() public {
        LicenceId licence = _agreedIn(address(_fee));
        _fee.mint(INSTITUTE, PRICE);
        _fee.setFee(10, true);
        _payIn(licence, false);
        _assertConserved(address(_fee), licence);
    }

    function test_aFeeIsRefusedAtRenewal() public {
        LicenceId licence = _settledIn(address(_fee));
        _fee.setFee(1, false);
        uint256 before = benefits.balanceOf(HOSPITAL_ID, address(_fee));
        _expectInexact(address(_fee), PRICE, PRICE - PRICE / 100);
        _renew(licence);
        assertEq(benefits.balanceOf(HOSPITAL_ID, address(_fee)), before, "balance");
    }

    /// @dev A fee that would come out of the others' money: refused, and paid once the token is honest again.
    function test_aFeeAtTheLedgersExpenseIsRefusedAtWithdrawal() public {
        LicenceId licence = _settledIn(address(_fee));
        uint256 owed = benefits.balanceOf(FUND_ID, address(_fee));
        _fee.setFee(10, true);
        _expectInexact(address(_fee), owed, owed + owed / 10);
        benefits.withdraw(FUND_ID, address(_fee));
        assertEq(benefits.balanceOf(FUND_ID, address(_fee)), owed, "still owed");

        _fee.setFee(0, false);
        benefits.withdraw(FUND_ID, address(_fee));
        assertEq(_fee.balanceOf(FUND), owed, "received");
        _assertConserved(address(_fee), licence);
    }

    function test_aFeeAtTheReceiversExpenseIsTheReceiversAtWithdrawal() public {
        LicenceId licence = _settledIn(address(_fee));
        _fee.setFee(50, false);
        benefits.withdraw(FUND_ID, address(_fee));
        _assertConserved(address(_fee), licence);
    }

    // False instead of a revert.

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_aFalseReturnIsRefused(bool withPermit) public {
        LicenceId licence = _agreedIn(address(_false));
        _false.setFailing(true);
        _expectFailed(address(_false));
        _payIn(licence, withPermit);
        _assertUntouched(licence, address(_false));

        _false.setFailing(false);
        _payIn(licence, withPermit);
        _settle(licence);
        _false.setFailing(true);
        _expectFailed(address(_false));
        _renew(licence);
        _expectFailed(address(_false));
        benefits.withdraw(HOSPITAL_ID, address(_false));
        _assertConserved(address(_false), licence);
    }

    // Success without movement.

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_aLieIsFoundOut(bool withPermit) public {
        LicenceId licence = _agreedIn(address(_lying));
        _lying.setLying(true);
        _expectInexact(address(_lying), PRICE, 0);
        _payIn(licence, withPermit);
        _assertUntouched(licence, address(_lying));

        _lying.setLying(false);
        _payIn(licence, withPermit);
        _settle(licence);
        _lying.setLying(true);
        _expectInexact(address(_lying), PRICE, 0);
        _renew(licence);
        uint256 owed = benefits.balanceOf(HOSPITAL_ID, address(_lying));
        _expectInexact(address(_lying), owed, 0);
        benefits.withdraw(HOSPITAL_ID, address(_lying));
        _assertConserved(address(_lying), licence);
    }

    // No return value.

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_aTokenThatReturnsNothingServes(bool withPermit) public {
        LicenceId licence = _agreedIn(address(_silent));
        _payIn(licence, withPermit);
        _assertConserved(address(_silent), licence);
        _settle(licence);
        _renew(licence);
        _assertConserved(address(_silent), licence);
        uint256 owed = benefits.balanceOf(HOSPITAL_ID, address(_silent));
        benefits.withdraw(HOSPITAL_ID, address(_silent));
        assertEq(_silent.balanceOf(HOSPITAL), owed, "received");
        _assertConserved(address(_silent), licence);
    }

    /// @dev It swallows the permit without a word; without an allowance nothing is taken for paid.
    function test_aSwallowedPermitDoesNotPay() public {
        LicenceId licence = _agreedIn(address(_silent));
        vm.prank(INSTITUTE);
        _silent.approve(address(benefits), 0);
        vm.expectRevert(abi.encodeWithSelector(SilentToken.Insufficient.selector));
        _payIn(licence, true);
        _assertUntouched(licence, address(_silent));
    }

    // One token's faults stay its own.

    function test_aHostileTokenTouchesNoOtherToken() public {
        LicenceId licence = _active();
        licences.settle(licence);
        LicenceId other = _settledIn(address(_lying));
        _lying.setLying(true);
        benefits.withdraw(HOSPITAL_ID, address(token));
        _assertConserved(address(token), licence);
        _assertConserved(address(_lying), other);
    }

    function _list(address money) private {
        _allowToken(money);
        IMoney(money).mint(INSTITUTE, 10 * PRICE);
        vm.prank(INSTITUTE);
        IMoney(money).approve(address(benefits), type(uint256).max);
    }

    function _agreedIn(address money) private returns (LicenceId) {
        Terms memory terms_ = terms();
        terms_.token = money;
        return _agreedOn(terms_);
    }

    function _settledIn(address money) private returns (LicenceId licence) {
        licence = _agreedIn(money);
        _payIn(licence, false);
        _settle(licence);
    }

    function _settle(LicenceId licence) private {
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

    function _renew(LicenceId licence) private {
        vm.prank(INSTITUTE);
        licences.renew(licence, PRICE);
    }

    function _expectInexact(address money, uint256 expected, uint256 received) private {
        vm.expectRevert(abi.encodeWithSelector(IBenefits.TransferInexact.selector, money, expected, received));
    }

    function _expectFailed(address money) private {
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, money));
    }

    function _assertUntouched(LicenceId licence, address money) private view {
        assertState(licence, LicenceState.Agreed);
        assertEq(uint256(benefits.escrowOf(licence).status), uint256(EscrowStatus.Invoiced), "escrow");
        assertEq(IMoney(money).balanceOf(address(benefits)), 0, "held");
        assertEq(IMoney(money).balanceOf(INSTITUTE), 10 * PRICE, "payer");
    }

    /// @dev The escrow of the one licence in this token, and all balances, are what the ledger holds of it.
    function _assertConserved(address money, LicenceId licence) private view {
        uint256 owed = fundedIn(licence);
        for (uint32 id = 1; id <= members.memberCount(); ++id) {
            owed += benefits.balanceOf(MemberId.wrap(id), money);
        }
        assertEq(IMoney(money).balanceOf(address(benefits)), owed, "conserved");
    }
}
