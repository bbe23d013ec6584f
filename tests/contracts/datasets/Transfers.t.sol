// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IERC721Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC721Metadata} from "@openzeppelin/contracts/token/ERC721/extensions/IERC721Metadata.sol";

import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {DatasetId} from "../../../contracts/types/Ids.sol";
import {Kinds} from "../../../contracts/types/Kinds.sol";
import {MemberStatus} from "../../../contracts/types/States.sol";
import {World} from "../support/World.sol";

/// @title Datasets as tokens: who moves them, who may receive them, and that the holder moves along
contract TransfersTest is World {
    address private immutable CLERK = vm.addr(0xC1E4);

    function test_aTransferMakesTheReceiversMemberTheHolder() public {
        DatasetId dataset = _registered();
        vm.expectEmit(address(datasets));
        emit IERC721.Transfer(HOSPITAL, INSTITUTE, 1);
        vm.expectEmit(address(datasets));
        emit IDatasets.HolderChanged(dataset, HOSPITAL_ID, INSTITUTE_ID);
        _move(HOSPITAL, HOSPITAL, INSTITUTE, 1);

        assertMember(datasets.holderOf(dataset), INSTITUTE_ID);
        assertMember(datasets.datasetById(dataset).collector, HOSPITAL_ID);
        assertEq(datasets.ownerOf(1), INSTITUTE, "owner");
    }

    function test_aTransferWithinTheHolderChangesNoHolder() public {
        DatasetId dataset = _registered();
        _join(HOSPITAL, CLERK);
        vm.recordLogs();
        _move(HOSPITAL, HOSPITAL, CLERK, 1);
        assertEq(vm.getRecordedLogs().length, 1, "the transfer and nothing else");
        assertMember(datasets.holderOf(dataset), HOSPITAL_ID);
        assertEq(datasets.ownerOf(1), CLERK, "owner");
    }

    /// @dev The account that holds the token may be lost: any other account of the holder rescues it.
    function test_anyAccountOfTheHolderMovesTheToken() public {
        _registered();
        _join(HOSPITAL, CLERK);
        _move(CLERK, HOSPITAL, INSTITUTE, 1);
        assertEq(datasets.ownerOf(1), INSTITUTE, "owner");
    }

    function test_anAccountThatLeftTheHolderDoesNotMoveIt() public {
        _join(HOSPITAL, CLERK);
        _register(CLERK, registration());
        vm.prank(CLERK);
        datasets.setApprovalForAll(STRANGER, true);
        vm.prank(HOSPITAL);
        members.removeAccount(CLERK);

        _expectNotApproved(CLERK);
        _move(CLERK, CLERK, INSTITUTE, 1);
        _expectNotApproved(STRANGER);
        _move(STRANGER, CLERK, INSTITUTE, 1);
        _move(HOSPITAL, CLERK, HOSPITAL, 1);
        assertEq(datasets.ownerOf(1), HOSPITAL, "rescued");
    }

    function test_anApprovedAccountMovesIt() public {
        _registered();
        vm.prank(HOSPITAL);
        datasets.approve(STRANGER, 1);
        _move(STRANGER, HOSPITAL, INSTITUTE, 1);
        assertMember(datasets.holderOf(DatasetId.wrap(1)), INSTITUTE_ID);

        _expectNotApproved(STRANGER);
        _move(STRANGER, INSTITUTE, HOSPITAL, 1);
    }

    function testFuzz_nobodyElseMovesIt(address thief) public {
        _registered();
        vm.assume(thief != HOSPITAL && thief != address(0));
        _expectNotApproved(thief);
        _move(thief, HOSPITAL, INSTITUTE, 1);
    }

    function test_theFormerHolderDoesNotMoveItBack() public {
        _registered();
        _move(HOSPITAL, HOSPITAL, INSTITUTE, 1);
        _expectNotApproved(HOSPITAL);
        _move(HOSPITAL, INSTITUTE, HOSPITAL, 1);
    }

    /// @dev No member holds what does not exist, and no member is what strangers are: the two must not match.
    function testFuzz_nobodyMintsByMovingWhatDoesNotExist(address caller, uint256 tokenId) public {
        vm.assume(caller != address(0));
        _registered();
        tokenId = bound(tokenId, 2, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, tokenId));
        _move(caller, address(0), INSTITUTE, tokenId);

        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, tokenId));
        vm.prank(caller);
        datasets.approve(STRANGER, tokenId);
    }

    function test_strangersCannotStopRegistrationsByMintingAhead() public {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721NonexistentToken.selector, 1));
        _move(STRANGER, address(0), STRANGER, 1);
        _registered();
        assertEq(datasets.ownerOf(1), HOSPITAL, "owner");
    }

    function test_onlyActiveInstitutionsReceive() public {
        _registered();
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, STRANGER));
        _move(HOSPITAL, HOSPITAL, STRANGER, 1);

        vm.expectRevert(
            abi.encodeWithSelector(IMembers.MemberLacksKind.selector, COMPANY_ID, Kinds.USER, Kinds.INSTITUTION)
        );
        _move(HOSPITAL, HOSPITAL, COMPANY, 1);

        _setStatus(INSTITUTE_ID, MemberStatus.Suspended);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, INSTITUTE_ID, MemberStatus.Suspended));
        _move(HOSPITAL, HOSPITAL, INSTITUTE, 1);
    }

    function test_aSuspendedHolderMovesNothing() public {
        _registered();
        _setStatus(HOSPITAL_ID, MemberStatus.Suspended);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, HOSPITAL_ID, MemberStatus.Suspended));
        _move(HOSPITAL, HOSPITAL, INSTITUTE, 1);
    }

    function test_theNewHolderRulesAndTheFormerDoesNot() public {
        DatasetId dataset = _registered();
        _move(HOSPITAL, HOSPITAL, INSTITUTE, 1);

        vm.expectRevert(abi.encodeWithSelector(IDatasets.NotHolder.selector, dataset, INSTITUTE_ID, HOSPITAL_ID));
        vm.prank(HOSPITAL);
        datasets.withdraw(dataset);
        vm.prank(INSTITUTE);
        datasets.withdraw(dataset);
    }

    function test_interfaces() public view {
        assertTrue(datasets.supportsInterface(type(IERC165).interfaceId), "ERC-165");
        assertTrue(datasets.supportsInterface(type(IERC721).interfaceId), "ERC-721");
        assertTrue(datasets.supportsInterface(type(IERC721Metadata).interfaceId), "ERC-721 metadata");
        assertFalse(datasets.supportsInterface(0xffffffff), "ERC-165: never");
    }

    function _move(address caller, address from, address to, uint256 tokenId) private {
        vm.prank(caller);
        datasets.transferFrom(from, to, tokenId);
    }

    function _expectNotApproved(address caller) private {
        vm.expectRevert(abi.encodeWithSelector(IERC721Errors.ERC721InsufficientApproval.selector, caller, 1));
    }
}
