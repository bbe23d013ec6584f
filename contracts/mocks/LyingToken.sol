// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Token that moves nothing
/// @notice For tests only. Says that a transfer succeeded without making it, while it lies.
contract LyingToken is ERC20 {
    bool public lying;

    constructor() ERC20("Lying Token", "LIE") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setLying(bool lying_) external {
        lying = lying_;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return lying || super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return lying || super.transferFrom(from, to, value);
    }
}
