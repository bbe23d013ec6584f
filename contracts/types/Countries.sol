// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Country codes
/// @notice Form of ISO 3166-1 alpha-2 codes. Which of them are assigned is left to the software that shows them:
/// assignments change, contracts do not.
library Countries {
    /// @notice Whether the code is two capital letters.
    function isWellFormed(bytes2 code) internal pure returns (bool) {
        return _isCapital(code[0]) && _isCapital(code[1]);
    }

    function _isCapital(bytes1 letter) private pure returns (bool) {
        return letter >= "A" && letter <= "Z";
    }
}
