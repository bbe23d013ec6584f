// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Points of secp256k1 (SEC 2, 2.4.1)
/// @notice Membership of the curve y² = x³ + 7 over the field of P elements. Its group has prime order, so every
/// point on the curve but infinity, which has no coordinates, is a valid public key.
library Secp256k1 {
    /// @notice The field's prime, 2²⁵⁶ - 2³² - 977.
    uint256 internal constant P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;

    /// @dev P ≡ 3 (mod 4), so a square's root is its power (P + 1) / 4.
    uint256 private constant ROOT_EXPONENT = (P + 1) / 4;

    /// @dev Precompiled contract for modular exponentiation (EIP-198).
    address private constant MODEXP = address(5);

    /// @notice Whether (x, y) is a point on the curve.
    function isOnCurve(uint256 x, uint256 y) internal pure returns (bool) {
        if (x >= P || y >= P) return false;
        return mulmod(y, y, P) == _rightSide(x);
    }

    /// @notice The point that a compressed key stands for (SEC 1, 2.3.4).
    /// @param prefix 2 if y is even, 3 if it is odd.
    /// @param x The point's x.
    /// @return valid Whether there is such a point.
    /// @return y The point's y; zero if there is none.
    function decompress(uint8 prefix, uint256 x) internal view returns (bool valid, uint256 y) {
        if ((prefix != 2 && prefix != 3) || x >= P) return (false, 0);

        uint256 square = _rightSide(x);
        uint256 root = _power(square, ROOT_EXPONENT);
        if (mulmod(root, root, P) != square) return (false, 0);

        // No point has y = 0, as the group's order is odd: root and P - root differ in parity.
        return (true, root & 1 == prefix & 1 ? root : P - root);
    }

    function _rightSide(uint256 x) private pure returns (uint256) {
        return addmod(mulmod(mulmod(x, x, P), x, P), 7, P);
    }

    function _power(uint256 base, uint256 exponent) private view returns (uint256) {
        // Cannot fail: the precompile refuses only malformed lengths and want of gas.
        (, bytes memory result) =
            MODEXP.staticcall(abi.encode(uint256(32), uint256(32), uint256(32), base, exponent, P));
        return abi.decode(result, (uint256));
    }
}
