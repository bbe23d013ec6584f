// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @title Content identifiers
/// @notice CIDs of version 1 in their textual form, base 16.
library Cid {
    /// @notice Multicodec of raw bytes.
    uint8 internal constant RAW = 0x55;

    /// @notice Multicodec of UnixFS nodes.
    uint8 internal constant DAG_PB = 0x70;

    /// @dev Multibase "f" (base 16), version 1, codec raw, multihash sha2-256 of 32 bytes.
    string private constant RAW_PREFIX = "ipfs://f01551220";

    /// @notice Address of the raw block with this sha2-256 digest.
    function rawUri(bytes32 digest) internal pure returns (string memory) {
        bytes memory prefixed = bytes(Strings.toHexString(uint256(digest), 32));
        bytes memory digits = new bytes(64);
        for (uint256 i = 0; i < 64; ++i) {
            digits[i] = prefixed[i + 2]; // without the leading 0x
        }
        return string.concat(RAW_PREFIX, string(digits));
    }
}
