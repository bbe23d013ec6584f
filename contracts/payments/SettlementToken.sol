// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {ERC20Permit, IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

import {ISettlementToken} from "../interfaces/ISettlementToken.sol";

/// @title SettlementToken
/// @notice Money of local networks, as {ISettlementToken} states it.
contract SettlementToken is ISettlementToken, ERC20Permit, AccessManaged {
    uint256 private constant HARDHAT_CHAIN = 31337;
    uint256 private constant GANACHE_CHAIN = 1337;

    constructor(address authority_)
        ERC20("Settlement Token", "SETTLE")
        ERC20Permit("Settlement Token")
        AccessManaged(authority_)
    {
        if (block.chainid != HARDHAT_CHAIN && block.chainid != GANACHE_CHAIN) {
            revert LocalNetworksOnly(block.chainid);
        }
    }

    /// @inheritdoc ISettlementToken
    function mint(address to, uint256 amount) external restricted {
        _mint(to, amount);
    }

    /// @inheritdoc IERC20Metadata
    function decimals() public pure override(ERC20, IERC20Metadata) returns (uint8) {
        return 2;
    }

    /// @inheritdoc IERC20Permit
    function nonces(address owner) public view override(ERC20Permit, IERC20Permit) returns (uint256) {
        return super.nonces(owner);
    }
}
