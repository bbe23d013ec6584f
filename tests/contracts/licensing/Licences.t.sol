// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {IERC5192} from "../../../contracts/interfaces/IERC5192.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {Licences} from "../../../contracts/licensing/Licences.sol";
import {LicenceId} from "../../../contracts/types/Ids.sol";
import {LicenceState} from "../../../contracts/types/States.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {World} from "../support/World.sol";

/// @title What holds for licences as such: soulbound tokens, states by time, windows, unknown licences, wiring
contract LicencesTest is World {
    // Soulbound (ERC-5192).

    function testFuzz_aLicenceNeverMoves(address to, bytes calldata data) public {
        uint256 tokenId = LicenceId.unwrap(_delivered());
        bytes memory refusal = abi.encodeWithSelector(ILicences.LicenceSoulbound.selector, tokenId);
        vm.startPrank(INSTITUTE);
        vm.expectRevert(refusal);
        licences.transferFrom(INSTITUTE, to, tokenId);
        vm.expectRevert(refusal);
        licences.safeTransferFrom(INSTITUTE, to, tokenId);
        vm.expectRevert(refusal);
        licences.safeTransferFrom(INSTITUTE, to, tokenId, data);
        vm.expectRevert(refusal);
        licences.approve(to, tokenId);
        vm.expectRevert(abi.encodeWithSelector(ILicences.LicenceSoulbound.selector, 0));
        licences.setApprovalForAll(to, true);
        assertEq(licences.ownerOf(tokenId), INSTITUTE, "owner");
    }

    function testFuzz_whatIsNoLicenceMovesNeither(address caller, uint256 tokenId) public {
        uint256 told = tokenId > type(uint64).max ? 0 : tokenId;
        vm.expectRevert(abi.encodeWithSelector(ILicences.LicenceSoulbound.selector, told));
        vm.prank(caller);
        licences.transferFrom(address(0), caller, tokenId);
        assertEq(licences.balanceOf(STRANGER), 0, "tokens");
    }

    function test_theLastNumberOfALicenceIsTold() public {
        vm.expectRevert(abi.encodeWithSelector(ILicences.LicenceSoulbound.selector, type(uint64).max));
        licences.approve(STRANGER, type(uint64).max);
        vm.expectRevert(abi.encodeWithSelector(ILicences.LicenceSoulbound.selector, 0));
        licences.approve(STRANGER, uint256(type(uint64).max) + 1);
    }

    function test_everyTokenIsLocked() public {
        LicenceId licence = _delivered();
        assertTrue(licences.locked(LicenceId.unwrap(licence)), "locked");
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 2));
        licences.locked(2);
    }

    function test_thereIsNoTokenBeforeDelivery() public {
        LicenceId licence = _paid();
        vm.expectRevert(
            abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, LicenceId.unwrap(licence))
        );
        licences.ownerOf(LicenceId.unwrap(licence));
        assertEq(licences.balanceOf(INSTITUTE), 0, "tokens");
    }

    function test_interfaces() public view {
        assertEq(bytes32(type(IERC5192).interfaceId), bytes32(bytes4(0xb45a3c0e)), "ERC-5192's own number");
        assertTrue(licences.supportsInterface(type(IERC5192).interfaceId), "ERC-5192");
        assertTrue(licences.supportsInterface(type(IERC721).interfaceId), "ERC-721");
        assertTrue(licences.supportsInterface(type(IERC165).interfaceId), "ERC-165");
        assertFalse(licences.supportsInterface(0xffffffff), "ERC-165: never");
    }

    function test_aTokenNamesNoDocument() public {
        uint256 tokenId = LicenceId.unwrap(_delivered());
        assertEq(licences.tokenURI(tokenId), "", "uri");
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, tokenId + 1));
        licences.tokenURI(tokenId + 1);
    }

    // States by time, to the second.

    function test_anAgreementLapsesAfterItsDeadline() public {
        LicenceId licence = _agreed();
        _assertChange(licence, START + PAYMENT_WINDOW, LicenceState.Agreed, LicenceState.Lapsed);
    }

    function test_aDeliveryIsOverdueAfterItsDeadline() public {
        LicenceId licence = _paid();
        _assertChange(licence, START + DELIVERY_WINDOW, LicenceState.Paid, LicenceState.Overdue);
    }

    function test_silenceAcceptsAfterTheDeadline() public {
        LicenceId licence = _delivered();
        _assertChange(licence, START + ACCEPTANCE_WINDOW, LicenceState.Delivered, LicenceState.Active);
    }

    function test_aLicenceExpiresAtItsExpiry() public {
        LicenceId licence = _active();
        _assertChange(licence, START + YEAR - 1, LicenceState.Active, LicenceState.Expired);
        assertFalse(licences.isInForce(licence), "in force");
        vm.warp(START + YEAR - 1);
        assertTrue(licences.isInForce(licence), "in force in its last second");
    }

    function test_anUnansweredLicenceExpiresAtItsExpiry() public {
        LicenceId licence = _delivered();
        _assertChange(licence, START + YEAR - 1, LicenceState.Active, LicenceState.Expired);
    }

    /// @dev A short licence with a long window: the right to use ends first, the time to examine is still whole.
    function test_aLicenceDoesNotExpireBeforeItCouldBeExamined() public {
        Terms memory terms_ = terms();
        terms_.duration = 1 days;
        LicenceId licence = _agreedOn(terms_);
        _pay(licence);
        _deliver(licence);

        vm.warp(START + 1 days);
        assertState(licence, LicenceState.Delivered);
        assertFalse(licences.isInForce(licence), "in force");
        _assertChange(licence, START + ACCEPTANCE_WINDOW, LicenceState.Delivered, LicenceState.Expired);
        licences.settle(licence);
    }

    function testFuzz_theStateFollowsFromTheTimeAlone(uint8 stage, uint40 time) public {
        LicenceId licence =
            stage % 4 == 0 ? _agreed() : stage % 4 == 1 ? _paid() : stage % 4 == 2 ? _delivered() : _active();
        uint256 present = bound(time, START, START + 2 * uint256(YEAR));
        vm.warp(present);
        LicenceState expected = present < START + YEAR ? LicenceState.Active : LicenceState.Expired;
        if (stage % 4 == 0) {
            expected = present > START + PAYMENT_WINDOW ? LicenceState.Lapsed : LicenceState.Agreed;
        }
        if (stage % 4 == 1) {
            expected = present > START + DELIVERY_WINDOW ? LicenceState.Overdue : LicenceState.Paid;
        }
        if (stage % 4 == 2 && present <= START + ACCEPTANCE_WINDOW) expected = LicenceState.Delivered;
        assertState(licence, expected);
    }

    /// @dev Nothing is lost by waiting in the states that wait for nobody's money.
    function testFuzz_theOtherStatesStay(uint8 stage, uint40 time) public {
        LicenceId licence = stage % 2 == 0 ? _applied() : _approved();
        vm.warp(bound(time, START, type(uint40).max));
        assertState(licence, stage % 2 == 0 ? LicenceState.Applied : LicenceState.Approved);
    }

    // Windows.

    function testFuzz_windowsAreAMinuteToNinetyDays(uint32 payment, uint32 delivery, uint32 acceptance) public {
        ILicences.Windows memory wanted = ILicences.Windows(payment, delivery, acceptance);
        if (_isWindow(payment) && _isWindow(delivery) && _isWindow(acceptance)) {
            vm.expectEmit(address(licences));
            emit ILicences.WindowsChanged(wanted);
        } else {
            vm.expectRevert(abi.encodeWithSelector(ILicences.WindowsInvalid.selector, wanted));
        }
        _setWindows(wanted);
    }

    function test_theWindowsBoundaries() public {
        uint32[2] memory refused = [uint32(59), 90 days + 1];
        uint32[2] memory taken = [uint32(60), 90 days];
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 field = 0; field < 3; ++field) {
                ILicences.Windows memory wanted = _withWindow(field, refused[i]);
                vm.expectRevert(abi.encodeWithSelector(ILicences.WindowsInvalid.selector, wanted));
                _setWindows(wanted);
                wanted = _withWindow(field, taken[i]);
                _setWindows(wanted);
                bytes32 present = keccak256(abi.encode(licences.windows()));
                assertEq(present, keccak256(abi.encode(wanted)), "windows");
            }
        }
    }

    function test_onlyTheParametersRoleSetsWindows() public {
        expectUnauthorised(HOSPITAL);
        vm.prank(HOSPITAL);
        licences.setWindows(windows());
    }

    function test_newWindowsTouchNoDeadlineThatRuns() public {
        LicenceId agreed = _agreed();
        LicenceId paid = _paid();
        LicenceId delivered = _delivered();
        _setWindows(ILicences.Windows(1 minutes, 2 minutes, 3 minutes));
        vm.warp(START + 1 hours);
        assertState(agreed, LicenceState.Agreed);
        assertState(paid, LicenceState.Paid);
        assertState(delivered, LicenceState.Delivered);

        _pay(agreed);
        assertEq(licences.licenceById(agreed).deadline, START + 1 hours + 2 minutes, "the next stage has the new one");
    }

    // Unknown licences.

    function testFuzz_anUnknownLicenceIsRefusedEverywhere(uint64 id) public {
        _delivered();
        vm.assume(id != 1);
        LicenceId unknown = LicenceId.wrap(id);
        bytes memory refusal = abi.encodeWithSelector(ILicences.LicenceUnknown.selector, unknown);
        IBenefits.Permit memory permit;
        ILicences.PartySignature memory nothing;
        Terms memory terms_ = terms();

        vm.expectRevert(refusal);
        licences.licenceById(unknown);
        vm.expectRevert(refusal);
        licences.stateOf(unknown);
        vm.expectRevert(refusal);
        licences.isInForce(unknown);
        vm.expectRevert(refusal);
        licences.agreementOf(unknown, terms_, 0);
        vm.startPrank(HOSPITAL);
        vm.expectRevert(refusal);
        licences.approveApplication(unknown, PURPOSE);
        vm.expectRevert(refusal);
        licences.reject(unknown, REASONS);
        vm.expectRevert(refusal);
        licences.cancel(unknown);
        vm.expectRevert(refusal);
        licences.agree(unknown, terms_, 0, nothing, nothing);
        vm.expectRevert(refusal);
        licences.pay(unknown);
        vm.expectRevert(refusal);
        licences.payWithPermit(unknown, permit);
        vm.expectRevert(refusal);
        licences.accept(unknown);
        vm.expectRevert(refusal);
        licences.settle(unknown);
        vm.expectRevert(refusal);
        licences.refund(unknown);
        vm.expectRevert(refusal);
        licences.renew(unknown, PRICE);
        vm.expectRevert(refusal);
        keyExchange.deliver(unknown, WRAPPED_KEY, 2, GENERATOR_X);
        vm.stopPrank();
        vm.expectRevert(refusal);
        vm.prank(address(keyExchange));
        licences.recordDelivery(unknown);
    }

    // Wiring.

    function test_benefitsObeysTheLicencesItWasMadeFor() public {
        assertEq(benefits.licences(), address(licences), "licences");
        assertEq(licences.keyExchange(), address(keyExchange), "key exchange");
        address here = address(keyExchange);
        vm.expectRevert(abi.encodeWithSelector(ILicences.BenefitsBoundElsewhere.selector, licences));
        new Licences(address(authority), members, datasets, offers, benefits, here, windows());
    }

    function _assertChange(LicenceId licence, uint256 last, LicenceState before, LicenceState then_) private {
        vm.warp(last);
        assertState(licence, before);
        vm.warp(last + 1);
        assertState(licence, then_);
    }

    function _setWindows(ILicences.Windows memory wanted) private {
        vm.prank(OPERATOR);
        licences.setWindows(wanted);
    }

    function _withWindow(uint256 field, uint32 window) private pure returns (ILicences.Windows memory wanted) {
        wanted = windows();
        if (field == 0) wanted.payment = window;
        if (field == 1) wanted.delivery = window;
        if (field == 2) wanted.acceptance = window;
    }

    function _isWindow(uint32 window) private pure returns (bool) {
        return window >= 60 && window <= 7_776_000;
    }
}
