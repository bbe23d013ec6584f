// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @title Settlement token for local networks
/// @notice ERC-20 with ERC-2612 permits, worth nothing. It refuses to be deployed on any chain but 31337 and 1337;
/// a consortium brings its own token.
interface ISettlementToken is IERC20Metadata, IERC20Permit {
    /// @notice The chain is not a local one.
    /// @dev Allow the consortium's own settlement token instead.
    /// @param chainId EIP-155 id of the chain.
    error LocalNetworksOnly(uint256 chainId);

    /// @notice Creates tokens.
    /// @dev Caller: the minting role.
    /// @param to Receiver.
    /// @param amount Token units; 2 decimals.
    function mint(address to, uint256 amount) external;
}
