// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ERC-5192: minimal soulbound tokens
/// @notice Tells wallets and markets that a token stays where it is.
interface IERC5192 {
    /// @notice The token can no longer be transferred.
    /// @param tokenId The token.
    event Locked(uint256 tokenId);

    /// @notice The token can be transferred again. Never emitted here.
    /// @param tokenId The token.
    event Unlocked(uint256 tokenId);

    /// @notice Whether the token is locked.
    /// @dev Reverts if there is no such token.
    /// @param tokenId Its id.
    function locked(uint256 tokenId) external view returns (bool);
}
