// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "../support/Test.sol";

/// @title A test that fails
/// @notice Kept out of the suite and run before it: if the runner calls this a success, it would call anything one.
contract CanaryTest is Test {
    function test_fails() public pure {
        assertTrue(false, "the canary sings");
    }
}
