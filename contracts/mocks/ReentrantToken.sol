// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Token that calls back
/// @notice For tests only. Its next transfer first makes one armed call, as a hook of ERC-777 would, and may then skip
/// the transfer itself. It can act for a member, and records what became of the call.
contract ReentrantToken is ERC20 {
    address private _target;
    bytes private _data;
    bool private _armed;
    bool private _skips;

    bool public attempted;
    bool public succeeded;
    bytes public answer;

    constructor() ERC20("Reentrant Token", "REENTER") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function allow(address owner, address spender, uint256 amount) external {
        _approve(owner, spender, amount);
    }

    function execute(address target, bytes calldata data) external {
        (bool success, bytes memory result) = target.call(data);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(result, 32), mload(result))
        }
    }

    function arm(address target, bytes calldata data, bool skips) external {
        (_target, _data, _armed, _skips) = (target, data, true, skips);
        (attempted, succeeded, answer) = (false, false, "");
    }

    function permit(address, address, uint256, uint256, uint8, bytes32, bytes32) external {
        _call();
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return _call() || super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return _call() || super.transferFrom(from, to, value);
    }

    function _call() private returns (bool skipped) {
        if (!_armed) return false;
        (_armed, attempted) = (false, true);
        (succeeded, answer) = _target.call(_data);
        return _skips;
    }
}
