// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {LibraryDoor} from "../../../contracts/mocks/LibraryDoor.sol";
import {Test} from "../support/Test.sol";
import {Vm} from "../support/Vm.sol";

/// @title Points of secp256k1, against forge's own keys and against known values
contract Secp256k1Test is Test {
    uint256 private constant FIELD = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant X = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant Y = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8;
    /// @dev The x of a point whose y is 1: a cube root of -6.
    uint256 private constant X_OF_ONE = 0x1FE1E5EF3FCEB5C135AB7741333CE5A6E80D68167653F6B2B24BCBCFAAAFF507;

    LibraryDoor private _door;

    function setUp() public {
        _door = new LibraryDoor();
    }

    function testFuzz_everyKeyIsOnTheCurveAndDecompresses(uint256 key) public {
        Vm.Wallet memory wallet = vm.createWallet(bound(key, 1, ORDER - 1));
        assertTrue(_door.isOnCurve(wallet.publicKeyX, wallet.publicKeyY), "on the curve");
        uint8 prefix = wallet.publicKeyY % 2 == 0 ? 2 : 3;
        _assertDecompresses(prefix, wallet.publicKeyX, wallet.publicKeyY);
        _assertDecompresses(5 - prefix, wallet.publicKeyX, FIELD - wallet.publicKeyY);
    }

    function testFuzz_whatDecompressesIsOnTheCurve(uint8 prefix, uint256 x) public view {
        (bool valid, uint256 y) = _door.decompress(prefix, x);
        if (!valid) {
            assertEq(y, 0, "y");
            return;
        }
        assertTrue(prefix == 2 || prefix == 3, "prefix");
        assertTrue(_door.isOnCurve(x, y), "on the curve");
        assertEq(y % 2, prefix % 2, "parity");
    }

    function testFuzz_otherPairsAreNotOnTheCurve(uint256 x, uint256 y) public view {
        bool expected =
            x < FIELD && y < FIELD && mulmod(y, y, FIELD) == addmod(mulmod(x, mulmod(x, x, FIELD), FIELD), 7, FIELD);
        assertTrue(_door.isOnCurve(x, y) == expected, "on the curve");
    }

    function test_theGenerator() public view {
        assertTrue(_door.isOnCurve(X, Y), "on the curve");
        _assertDecompresses(2, X, Y);
        _assertDecompresses(3, X, FIELD - Y);
    }

    function test_coordinatesAreBelowTheField() public view {
        // x = 1 is on the curve, and so would x = 1 + p be if it were reduced.
        (bool valid, uint256 y) = _door.decompress(2, 1);
        assertTrue(valid && _door.isOnCurve(1, y), "reduced");
        (bool wrapped,) = _door.decompress(2, FIELD + 1);
        assertFalse(wrapped, "x not reduced");
        assertFalse(_door.isOnCurve(FIELD + 1, y), "x not reduced");
        assertTrue(_door.isOnCurve(X_OF_ONE, 1), "reduced");
        assertFalse(_door.isOnCurve(X_OF_ONE, FIELD + 1), "y not reduced");
    }

    function test_noPoint() public view {
        // 5³ + 7 is no square.
        (bool valid,) = _door.decompress(2, 5);
        assertFalse(valid, "x = 5");
        assertFalse(_door.isOnCurve(0, 0), "infinity");
    }

    function testFuzz_noOtherPrefix(uint8 prefix) public view {
        (bool valid,) = _door.decompress(prefix, X);
        assertTrue(valid == (prefix == 2 || prefix == 3), "prefix");
    }

    function _assertDecompresses(uint8 prefix, uint256 x, uint256 expected) private view {
        (bool valid, uint256 y) = _door.decompress(prefix, x);
        assertTrue(valid, "valid");
        assertEq(y, expected, "y");
    }
}
