// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Wallet of an organisation
/// @notice For tests only. Accepts what its owner signed (ERC-1271), or misbehaves as it is told to.
contract ContractWallet is IERC1271 {
    enum Manner {
        Honest,
        WrongValue,
        Reverting,
        ShortAnswer,
        LongAnswer,
        DirtyAnswer
    }

    address public immutable owner;
    Manner public manner;

    error Refused();

    constructor(address owner_) {
        owner = owner_;
    }

    function setManner(Manner manner_) external {
        manner = manner_;
    }

    function execute(address target, bytes calldata data) external returns (bytes memory result) {
        if (msg.sender != owner) revert Refused();
        bool success;
        (success, result) = target.call(data);
        if (!success) revert Refused();
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        Manner manner_ = manner;
        if (manner_ == Manner.Reverting) revert Refused();
        if (manner_ == Manner.WrongValue) return 0xffffffff;
        bytes4 accepted = IERC1271.isValidSignature.selector;
        assembly ("memory-safe") {
            switch manner_
            case 3 {
                mstore(0, accepted)
                return(0, 4)
            }
            case 4 { return(0, 100000) }
            case 5 {
                mstore(0, or(accepted, 1))
                return(0, 32)
            }
        }
        (address signer,,) = ECDSA.tryRecover(hash, signature);
        return signer == owner ? accepted : bytes4(0xffffffff);
    }
}
