// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Token with a fee on transfer
/// @notice For tests only. Burns a percentage of what moves, at the receiver's or at the sender's expense.
contract FeeToken is ERC20 {
    uint256 public percent;
    bool public chargesSender;

    constructor() ERC20("Fee Token", "FEE") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setFee(uint256 percent_, bool chargesSender_) external {
        (percent, chargesSender) = (percent_, chargesSender_);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        uint256 fee = value * percent / 100;
        if (from == address(0) || to == address(0) || fee == 0) return;
        super._update(chargesSender ? from : to, address(0), fee);
    }
}
