// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

import {IBenefits} from "../../contracts/interfaces/IBenefits.sol";
import {IDatasets} from "../../contracts/interfaces/IDatasets.sol";
import {ILicences} from "../../contracts/interfaces/ILicences.sol";
import {IMembers} from "../../contracts/interfaces/IMembers.sol";
import {ISettlementToken} from "../../contracts/interfaces/ISettlementToken.sol";
import {DatasetId} from "../../contracts/types/Ids.sol";
import {Kinds} from "../../contracts/types/Kinds.sol";
import {MemberStatus} from "../../contracts/types/States.sol";
import {World} from "./support/World.sol";

/// @title Who may do what the roles guard
/// @notice One table: each guarded act and the one role that opens it. It is walked with an account that holds one
/// role, with one that holds all the others, with the accounts of every member, and with a stranger.
contract AccessTest is World {
    address private constant CLERK = address(0xC1E4);

    struct Act {
        address target;
        bytes data;
        uint64 role;
    }

    function setUp() public override {
        super.setUp();
        _registered();
        _revoke(DatasetId.wrap(1));
        _registered();
    }

    function test_eachActOpensToItsRoleAlone() public {
        Act[] memory acts = _acts();
        for (uint256 i = 0; i < acts.length; ++i) {
            for (uint64 role = ADMISSIONS; role <= MINTING; ++role) {
                uint256 world = vm.snapshotState();
                authority.grantRole(role, CLERK, 0);
                _try(acts[i], CLERK, role == acts[i].role);
                vm.revertToState(world);
            }
        }
    }

    function test_allOtherRolesTogetherDoNotOpenIt() public {
        Act[] memory acts = _acts();
        for (uint256 i = 0; i < acts.length; ++i) {
            uint256 world = vm.snapshotState();
            for (uint64 role = 0; role < 64; ++role) {
                if (role != acts[i].role) authority.grantRole(role, CLERK, 0);
            }
            _try(acts[i], CLERK, false);
            vm.revertToState(world);
        }
    }

    function test_membersAndContractsDoNotOpenIt() public {
        Act[] memory acts = _acts();
        address[9] memory callers = [
            HOSPITAL,
            INSTITUTE,
            COMPANY,
            FUND,
            PLATFORM,
            address(this), // deployed it all
            address(licences),
            address(keyExchange),
            address(benefits)
        ];
        for (uint256 i = 0; i < acts.length; ++i) {
            for (uint256 j = 0; j < callers.length; ++j) {
                _try(acts[i], callers[j], false);
            }
        }
    }

    function testFuzz_strangersDoNotOpenIt(address stranger, uint256 seed) public {
        vm.assume(stranger != OPERATOR && stranger != address(authority));
        Act[] memory acts = _acts();
        _try(acts[seed % acts.length], stranger, false);
    }

    function test_aRevokedRoleOpensNothing() public {
        Act[] memory acts = _acts();
        for (uint64 role = ADMISSIONS; role <= MINTING; ++role) {
            authority.revokeRole(role, OPERATOR);
        }
        for (uint256 i = 0; i < acts.length; ++i) {
            _try(acts[i], OPERATOR, false);
        }
    }

    function testFuzz_onlyTheAuthorityHandsItselfOver(address caller) public {
        vm.assume(caller != address(authority));
        IAccessManaged[5] memory guarded = [
            IAccessManaged(address(members)),
            IAccessManaged(address(datasets)),
            IAccessManaged(address(benefits)),
            IAccessManaged(address(licences)),
            IAccessManaged(address(token))
        ];
        for (uint256 i = 0; i < guarded.length; ++i) {
            expectUnauthorised(caller);
            vm.prank(caller);
            guarded[i].setAuthority(caller);
            assertEq(guarded[i].authority(), address(authority), "authority");
        }
    }

    function _acts() private view returns (Act[] memory acts) {
        acts = new Act[](8);
        acts[0] =
            Act(address(members), abi.encodeCall(IMembers.admit, (admission(STRANGER, Kinds.USER, "New"))), ADMISSIONS);
        acts[1] =
            Act(address(members), abi.encodeCall(IMembers.setStatus, (COMPANY_ID, MemberStatus.Suspended)), ADMISSIONS);
        acts[2] = Act(address(members), abi.encodeCall(IMembers.setKinds, (COMPANY_ID, Kinds.REGULATOR)), ADMISSIONS);
        acts[3] = Act(address(datasets), abi.encodeCall(IDatasets.revoke, (DatasetId.wrap(2))), STEWARDSHIP);
        acts[4] = Act(address(datasets), abi.encodeCall(IDatasets.reinstate, (DatasetId.wrap(1))), STEWARDSHIP);
        acts[5] =
            Act(address(benefits), abi.encodeCall(IBenefits.setTokenAllowed, (address(members), true)), PARAMETERS);
        acts[6] = Act(address(licences), abi.encodeCall(ILicences.setWindows, (windows())), PARAMETERS);
        acts[7] = Act(address(token), abi.encodeCall(ISettlementToken.mint, (STRANGER, 5)), MINTING);
    }

    function _try(Act memory act, address caller, bool allowed) private {
        vm.prank(caller);
        (bool success, bytes memory answer) = act.target.call(act.data);
        assertTrue(success == allowed, allowed ? "refused" : "allowed");
        if (allowed) return;
        bytes memory refusal = abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
        assertEq(keccak256(answer), keccak256(refusal), "refusal");
    }
}
