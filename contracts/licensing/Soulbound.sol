// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {IERC5192} from "../interfaces/IERC5192.sol";
import {ILicences} from "../interfaces/ILicences.sol";
import {LicenceId} from "../types/Ids.sol";

/// @title Tokens that stay where they are
/// @notice ERC-721 as far as a token that never moves has a use for it, with ERC-5192.
abstract contract Soulbound is ERC721, IERC5192 {
    constructor(string memory name_, string memory symbol_) ERC721(name_, symbol_) {}

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        _requireOwned(tokenId);
        return true;
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC5192).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @notice None: what a licence is, its record says.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return "";
    }

    /// @notice Refused: a licence never moves.
    function transferFrom(address, address, uint256 tokenId) public pure override {
        revert ILicences.LicenceSoulbound(_licenceOf(tokenId));
    }

    /// @notice Refused: a licence never moves.
    function safeTransferFrom(address, address, uint256 tokenId, bytes memory) public pure override {
        revert ILicences.LicenceSoulbound(_licenceOf(tokenId));
    }

    /// @notice Refused: nobody may move a licence, so nobody is approved to.
    function approve(address, uint256 tokenId) public pure override {
        revert ILicences.LicenceSoulbound(_licenceOf(tokenId));
    }

    /// @notice Refused: nobody may move a licence, so nobody is approved to.
    function setApprovalForAll(address, bool) public pure override {
        revert ILicences.LicenceSoulbound(LicenceId.wrap(0));
    }

    /// @dev Tokens are minted for {LicenceId}s only, so a larger number stands for no licence.
    function _licenceOf(uint256 tokenId) private pure returns (LicenceId) {
        return tokenId > type(uint64).max ? LicenceId.wrap(0) : LicenceId.wrap(uint64(tokenId));
    }
}
