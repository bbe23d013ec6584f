// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {LicenceId, MemberId} from "../../../contracts/types/Ids.sol";
import {EscrowStatus, MemberStatus} from "../../../contracts/types/States.sol";
import {Shares, Terms} from "../../../contracts/types/Terms.sol";
import {World} from "../support/World.sol";

/// @title Escrows, splits, balances and withdrawals
contract BenefitsTest is World {
    LicenceId private constant LICENCE = LicenceId.wrap(41);

    // Splits.

    function testFuzz_partsSumToTheAmountAndRoundingIsTheHolders(uint128 amount, uint16 a, uint16 b, uint16 c)
        public
        view
    {
        Shares memory parts = splitOf(a, b, c);
        (uint256 collector, uint256 holder, uint256 fund, uint256 platform) = benefits.partsOf(amount, parts);
        assertEq(collector + holder + fund + platform, amount, "sum");
        assertEq(collector, uint256(amount) * parts.collectorShare / 10_000, "collector");
        assertEq(fund, uint256(amount) * parts.fundShare / 10_000, "fund");
        assertEq(platform, uint256(amount) * parts.platformShare / 10_000, "platform");
        uint256 exact = uint256(amount) * parts.holderShare / 10_000;
        assertTrue(holder >= exact && holder <= exact + 3, "at most three units of rounding");
    }

    function testFuzz_aSettledPriceIsCreditedInFull(uint128 price, uint16 a, uint16 b, uint16 c) public {
        Terms memory terms_ = terms();
        terms_.price = uint128(bound(price, 1, 1e12));
        terms_.shares = splitOf(a, b, c);
        LicenceId licence = _agreedOn(terms_);
        _pay(licence);
        _deliver(licence);
        vm.warp(START + ACCEPTANCE_WINDOW + 1);
        licences.settle(licence);

        (uint256 collector, uint256 holder, uint256 fund, uint256 platform) =
            benefits.partsOf(terms_.price, terms_.shares);
        assertBalance(HOSPITAL_ID, collector + holder);
        assertBalance(FUND_ID, fund);
        assertBalance(PLATFORM_ID, platform);
        assertBalance(NOBODY, 0);
    }

    function test_everyPartIsTold() public {
        LicenceId licence = _active();
        (uint256 collector, uint256 holder, uint256 fund, uint256 platform) = benefits.partsOf(PRICE, shares());
        _expectCredited(HOSPITAL_ID, licence, collector);
        _expectCredited(HOSPITAL_ID, licence, holder);
        _expectCredited(FUND_ID, licence, fund);
        _expectCredited(PLATFORM_ID, licence, platform);
        licences.settle(licence);
    }

    // Withdrawals.

    function test_aWithdrawalPaysThePrincipalTheWholeBalance() public {
        LicenceId licence = _active();
        licences.settle(licence);
        uint256 balance = benefits.balanceOf(HOSPITAL_ID, address(token));
        vm.expectEmit(address(benefits));
        emit IBenefits.Withdrawn(HOSPITAL_ID, address(token), HOSPITAL, balance);
        vm.prank(STRANGER); // whoever calls
        assertEq(benefits.withdraw(HOSPITAL_ID, address(token)), balance, "amount");
        assertEq(token.balanceOf(HOSPITAL), balance, "received");
        assertBalance(HOSPITAL_ID, 0);
    }

    function test_nothingIsWithdrawnTwice() public {
        LicenceId licence = _active();
        licences.settle(licence);
        benefits.withdraw(FUND_ID, address(token));
        bytes memory refusal = abi.encodeWithSelector(IBenefits.NothingToWithdraw.selector, FUND_ID, token);
        vm.expectRevert(refusal);
        benefits.withdraw(FUND_ID, address(token));
    }

    function testFuzz_onlyMembersWithABalanceWithdraw(uint32 id, address otherToken) public {
        id = uint32(bound(id, 0, 9));
        MemberId member = MemberId.wrap(id);
        if (id == 0 || id > 5) vm.expectRevert(abi.encodeWithSelector(IMembers.MemberUnknown.selector, member));
        else vm.expectRevert(abi.encodeWithSelector(IBenefits.NothingToWithdraw.selector, member, otherToken));
        benefits.withdraw(member, otherToken);
    }

    /// @dev R4.6: no standing freezes what was earned.
    /// forge-config: default.fuzz.runs = 16
    function testFuzz_noStandingFreezesABalance(bool expelled) public {
        LicenceId licence = _active();
        licences.settle(licence);
        _setStatus(HOSPITAL_ID, expelled ? MemberStatus.Expelled : MemberStatus.Suspended);
        benefits.withdraw(HOSPITAL_ID, address(token));
        assertTrue(token.balanceOf(HOSPITAL) > 0, "received");
    }

    function test_aClosedLedgerStillPaysOut() public {
        LicenceId licence = _active();
        licences.settle(licence);
        authority.setTargetClosed(address(benefits), true);
        authority.setTargetClosed(address(licences), true);
        authority.setTargetClosed(address(members), true);
        benefits.withdraw(HOSPITAL_ID, address(token));
        assertTrue(token.balanceOf(HOSPITAL) > 0, "received");
    }

    function test_aReplacedPrincipalReceives() public {
        LicenceId licence = _active();
        licences.settle(licence);
        _join(HOSPITAL, STRANGER);
        vm.prank(HOSPITAL);
        members.setPrincipal(STRANGER);
        uint256 amount = benefits.withdraw(HOSPITAL_ID, address(token));
        assertEq(token.balanceOf(STRANGER), amount, "received");
        assertEq(token.balanceOf(HOSPITAL), 0, "former principal");
    }

    function test_aDelistedTokenIsStillPaidOut() public {
        LicenceId licence = _active();
        licences.settle(licence);
        vm.prank(OPERATOR);
        benefits.setTokenAllowed(address(token), false);
        benefits.withdraw(HOSPITAL_ID, address(token));
    }

    function test_tokensSentDirectlyBelongToNobody() public {
        LicenceId licence = _paid();
        vm.prank(COMPANY);
        token.transfer(address(benefits), 77);
        _deliver(licence);
        vm.warp(START + ACCEPTANCE_WINDOW + 1);
        licences.settle(licence);
        uint256 out;
        out += benefits.withdraw(HOSPITAL_ID, address(token));
        out += benefits.withdraw(FUND_ID, address(token));
        out += benefits.withdraw(PLATFORM_ID, address(token));
        assertEq(out, PRICE, "paid out");
        assertEq(token.balanceOf(address(benefits)), 77, "left");
    }

    // The list of tokens.

    function test_theListOfTokens() public {
        vm.expectEmit(address(benefits));
        emit IBenefits.TokenAllowed(address(members), true);
        _setAllowed(address(members), true);
        assertTrue(benefits.isTokenAllowed(address(members)), "allowed");
        vm.expectEmit(address(benefits));
        emit IBenefits.TokenAllowed(address(members), false);
        _setAllowed(address(members), false);
        assertFalse(benefits.isTokenAllowed(address(members)), "no longer");
    }

    function test_aTokenIsAContract() public {
        vm.expectRevert(abi.encodeWithSelector(IBenefits.TokenAbsent.selector, STRANGER));
        _setAllowed(STRANGER, true);
        vm.expectRevert(abi.encodeWithSelector(IBenefits.TokenAbsent.selector, address(0)));
        _setAllowed(address(0), true);
        _setAllowed(STRANGER, false); // one that is gone can still be taken from the list
    }

    function test_onlyTheParametersRoleSetsTokens() public {
        expectUnauthorised(HOSPITAL);
        vm.prank(HOSPITAL);
        benefits.setTokenAllowed(address(members), true);
    }

    // Escrows, as the licences contract moves them.

    function testFuzz_nobodyButLicencesMovesEscrows(address caller) public {
        vm.assume(caller != address(licences));
        IBenefits.Split memory split;
        IBenefits.Permit memory permit;
        bytes memory refusal = abi.encodeWithSelector(IBenefits.NotLicences.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        benefits.invoice(LICENCE, address(token), INSTITUTE_ID, PRICE);
        vm.expectRevert(refusal);
        benefits.fund(LICENCE, INSTITUTE);
        vm.expectRevert(refusal);
        benefits.fundWithPermit(LICENCE, INSTITUTE, permit);
        vm.expectRevert(refusal);
        benefits.cancel(LICENCE);
        vm.expectRevert(refusal);
        benefits.settle(LICENCE, split);
        vm.expectRevert(refusal);
        benefits.refund(LICENCE);
        vm.expectRevert(refusal);
        benefits.collectRenewal(LICENCE, address(token), INSTITUTE, PRICE, split);
    }

    /// @dev Whoever holds the highest role moves no escrow either: the bond is not a role.
    function test_theAdministratorMovesNoEscrow() public {
        LicenceId licence = _paid();
        IBenefits.Split memory split;
        (split.collector, split.holder, split.shares) = (COMPANY_ID, COMPANY_ID, shares());
        for (uint64 role = 0; role < 8; ++role) {
            authority.grantRole(role, COMPANY, 0);
        }
        vm.startPrank(COMPANY);
        vm.expectRevert(abi.encodeWithSelector(IBenefits.NotLicences.selector, COMPANY));
        benefits.settle(licence, split);
        vm.expectRevert(abi.encodeWithSelector(IBenefits.NotLicences.selector, COMPANY));
        benefits.refund(licence);
    }

    /// @dev Every act in every standing of an escrow: only the stated passages happen.
    function testFuzz_anEscrowMovesAsStated(uint8 fromSeed, uint8 actSeed) public {
        EscrowStatus from = EscrowStatus(bound(fromSeed, 0, 5));
        uint256 act = actSeed % 5;
        _bring(from);
        EscrowStatus needed = act == 0 ? EscrowStatus.None : act < 3 ? EscrowStatus.Invoiced : EscrowStatus.Funded;
        if (from != needed) {
            vm.expectRevert(abi.encodeWithSelector(IBenefits.EscrowStatusRefused.selector, LICENCE, from));
        }
        _act(act);

        EscrowStatus[5] memory reached = [
            EscrowStatus.Invoiced,
            EscrowStatus.Funded,
            EscrowStatus.Cancelled,
            EscrowStatus.Settled,
            EscrowStatus.Refunded
        ];
        EscrowStatus expected = from == needed ? reached[act] : from;
        assertEq(uint256(benefits.escrowOf(LICENCE).status), uint256(expected), "status");
    }

    function _act(uint256 act) private {
        IBenefits.Split memory split = IBenefits.Split(HOSPITAL_ID, HOSPITAL_ID, shares());
        vm.prank(address(licences));
        if (act == 0) benefits.invoice(LICENCE, address(token), INSTITUTE_ID, PRICE);
        if (act == 1) benefits.fund(LICENCE, INSTITUTE);
        if (act == 2) benefits.cancel(LICENCE);
        if (act == 3) benefits.settle(LICENCE, split);
        if (act == 4) benefits.refund(LICENCE);
    }

    function _bring(EscrowStatus status) private {
        vm.prank(INSTITUTE);
        token.approve(address(benefits), 2 * PRICE);
        if (status != EscrowStatus.None) _act(0);
        if (status == EscrowStatus.Cancelled) _act(2);
        if (status == EscrowStatus.None || status == EscrowStatus.Invoiced || status == EscrowStatus.Cancelled) return;
        _act(1);
        if (status == EscrowStatus.Settled) _act(3);
        if (status == EscrowStatus.Refunded) _act(4);
    }

    function _setAllowed(address listed, bool allowed) private {
        vm.prank(OPERATOR);
        benefits.setTokenAllowed(listed, allowed);
    }

    function _expectCredited(MemberId member, LicenceId licence, uint256 amount) private {
        vm.expectEmit(address(benefits));
        emit IBenefits.Credited(member, address(token), licence, amount);
    }
}
