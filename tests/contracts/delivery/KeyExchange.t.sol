// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IKeyExchange} from "../../../contracts/interfaces/IKeyExchange.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {KeyExchange} from "../../../contracts/delivery/KeyExchange.sol";
import {LicenceId, MemberId} from "../../../contracts/types/Ids.sol";
import {LicenceState, MemberStatus} from "../../../contracts/types/States.sol";
import {Vm} from "../support/Vm.sol";
import {World} from "../support/World.sol";

/// @title Delivery of a dataset's key
contract KeyExchangeTest is World {
    uint256 private constant PAID = 1 << uint8(LicenceState.Paid);

    function testFuzz_aDeliveryIsKeptWhole(bytes32 wrappedKey, uint256 ephemeral) public {
        LicenceId licence = _paid();
        (uint8 prefix, uint256 x) = _compressed(ephemeral);
        vm.warp(START + 5 hours);
        vm.expectEmit(address(keyExchange));
        emit IKeyExchange.KeyDelivered(licence, HOSPITAL_ID, wrappedKey, prefix, x);
        vm.prank(HOSPITAL);
        keyExchange.deliver(licence, wrappedKey, prefix, x);

        IKeyExchange.Delivery memory delivery = keyExchange.deliveryOf(licence);
        assertEq(delivery.wrappedKey, wrappedKey, "wrapped key");
        assertEq(delivery.ephemeralX, x, "ephemeral x");
        assertEq(delivery.ephemeralPrefix, prefix, "ephemeral prefix");
        assertEq(delivery.deliveredAt, START + 5 hours, "time");
        assertState(licence, LicenceState.Delivered);
    }

    function test_anyAccountOfTheLicensorDelivers() public {
        LicenceId licence = _paid();
        _join(HOSPITAL, STRANGER);
        vm.prank(STRANGER);
        keyExchange.deliver(licence, WRAPPED_KEY, 3, GENERATOR_X);
        assertState(licence, LicenceState.Delivered);
    }

    /// @dev It fulfils what it has signed, whatever its standing.
    /// forge-config: default.fuzz.runs = 16
    function testFuzz_aLicensorInBadStandingDelivers(bool expelled) public {
        LicenceId licence = _paid();
        _setStatus(HOSPITAL_ID, expelled ? MemberStatus.Expelled : MemberStatus.Suspended);
        _deliver(licence);
        assertState(licence, LicenceState.Delivered);
    }

    function test_aLicensorThatSoldTheDatasetStillDelivers() public {
        LicenceId licence = _paid();
        vm.prank(HOSPITAL);
        datasets.transferFrom(HOSPITAL, INSTITUTE, 1);
        _expectNotLicensor(licence, INSTITUTE_ID);
        vm.prank(INSTITUTE);
        keyExchange.deliver(licence, WRAPPED_KEY, 2, GENERATOR_X);
        _deliver(licence);
    }

    function testFuzz_nobodyElseDelivers(address caller) public {
        LicenceId licence = _paid();
        vm.assume(caller != HOSPITAL);
        _expectNotLicensor(licence, members.memberOf(caller));
        vm.prank(caller);
        keyExchange.deliver(licence, WRAPPED_KEY, 2, GENERATOR_X);
    }

    /// @dev Before an approval there is no licensor, and who is no member is not it.
    function test_nobodyDeliversForAnApplication() public {
        LicenceId licence = _applied();
        bytes memory refusal = abi.encodeWithSelector(ILicences.NotLicensor.selector, licence, NOBODY, NOBODY);
        vm.expectRevert(refusal);
        vm.prank(STRANGER);
        keyExchange.deliver(licence, WRAPPED_KEY, 2, GENERATOR_X);
        refusal = abi.encodeWithSelector(ILicences.NotLicensor.selector, licence, NOBODY, HOSPITAL_ID);
        vm.expectRevert(refusal);
        _deliver(licence);
    }

    function test_nothingIsDeliveredBeforeItIsPaid() public {
        LicenceId licence = _agreed();
        expectStateRefused(licence, LicenceState.Agreed, PAID);
        _deliver(licence);
        assertEq(keyExchange.deliveryOf(licence).deliveredAt, 0, "nothing");
    }

    function test_aKeyIsDeliveredOnceAndNeverReplaced() public {
        LicenceId licence = _delivered();
        expectStateRefused(licence, LicenceState.Delivered, PAID);
        vm.prank(HOSPITAL);
        keyExchange.deliver(licence, REASONS, 2, GENERATOR_X);
        assertEq(keyExchange.deliveryOf(licence).wrappedKey, WRAPPED_KEY, "wrapped key");
    }

    function test_aKeyIsDeliveredUntilTheDeadline() public {
        LicenceId first = _paid();
        LicenceId second = _paid();
        vm.warp(START + DELIVERY_WINDOW);
        _deliver(first);
        vm.warp(START + DELIVERY_WINDOW + 1);
        expectStateRefused(second, LicenceState.Overdue, PAID);
        _deliver(second);
    }

    function testFuzz_theEphemeralKeyIsAPoint(uint8 prefix, uint256 x) public {
        LicenceId licence = _paid();
        bool valid = (prefix == 2 || prefix == 3) && x < FIELD && _isSquare(x);
        if (!valid) {
            vm.expectRevert(abi.encodeWithSelector(IKeyExchange.EphemeralKeyInvalid.selector, prefix, x));
        }
        vm.prank(HOSPITAL);
        keyExchange.deliver(licence, WRAPPED_KEY, prefix, x);
    }

    function testFuzz_thePrefixIsTwoOrThree(uint8 prefix) public {
        LicenceId licence = _paid();
        if (prefix != 2 && prefix != 3) {
            vm.expectRevert(abi.encodeWithSelector(IKeyExchange.EphemeralKeyInvalid.selector, prefix, GENERATOR_X));
        }
        vm.prank(HOSPITAL);
        keyExchange.deliver(licence, WRAPPED_KEY, prefix, GENERATOR_X);
    }

    /// @dev The key that the agreement fixed is the one to deliver to, whatever the licensee registers afterwards.
    function test_aNewDeliveryKeyChangesNothingForAgreedLicences() public {
        LicenceId licence = _agreed();
        (uint256 x, uint256 y) = members.deliveryKeyOf(INSTITUTE_ID);
        bytes32 fixedDigest = keccak256(abi.encode(x, y));
        assertEq(licences.licenceById(licence).deliveryKeyDigest, fixedDigest, "fixed in the agreement");

        _registerDeliveryKey(INSTITUTE, STRANGER_KEY);
        _pay(licence);
        _registerDeliveryKey(INSTITUTE, COMPANY_KEY);
        _deliver(licence);
        assertEq(licences.licenceById(licence).deliveryKeyDigest, fixedDigest, "still");
        (uint256 presentX,) = members.deliveryKeyOf(INSTITUTE_ID);
        assertTrue(presentX != x, "the register has the new one");
    }

    function test_nothingWasDeliveredForUnknownLicences() public view {
        assertEq(keyExchange.deliveryOf(LicenceId.wrap(9)).deliveredAt, 0, "time");
    }

    function test_licencesTakeDeliveriesFromOneKeyExchange() public {
        vm.expectRevert(abi.encodeWithSelector(IKeyExchange.LicencesBoundElsewhere.selector, keyExchange));
        new KeyExchange(members, licences);
    }

    function _expectNotLicensor(LicenceId licence, MemberId member) private {
        vm.expectRevert(abi.encodeWithSelector(ILicences.NotLicensor.selector, licence, HOSPITAL_ID, member));
    }

    function _compressed(uint256 key) private returns (uint8 prefix, uint256 x) {
        Vm.Wallet memory wallet = vm.createWallet(bound(key, 1, GROUP_ORDER - 1));
        return (wallet.publicKeyY % 2 == 0 ? 2 : 3, wallet.publicKeyX);
    }

    /// @dev Euler's criterion for x³ + 7, by square and multiply: no precompile, so a second way to the answer.
    function _isSquare(uint256 x) private pure returns (bool) {
        uint256 base = addmod(mulmod(mulmod(x, x, FIELD), x, FIELD), 7, FIELD);
        uint256 result = 1;
        for (uint256 exponent = (FIELD - 1) / 2; exponent != 0; exponent >>= 1) {
            if (exponent & 1 == 1) result = mulmod(result, base, FIELD);
            base = mulmod(base, base, FIELD);
        }
        return result == 1;
    }
}
