// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {Members} from "../../../contracts/members/Members.sol";
import {MemberId} from "../../../contracts/types/Ids.sol";
import {Kinds, MemberKinds} from "../../../contracts/types/Kinds.sol";
import {MemberStatus} from "../../../contracts/types/States.sol";
import {World} from "../support/World.sol";

/// @title Admission, standing and kinds of members
contract MembersTest is World {
    MemberId private constant UNKNOWN = MemberId.wrap(6);

    // Founders and admission.

    function test_foundersAreMembersFromTheStart() public {
        IMembers.Admission[] memory list = founders();
        Members founded = new Members(address(authority), list);
        assertEq(founded.memberCount(), list.length, "count");

        for (uint32 i = 0; i < list.length; ++i) {
            MemberId id = MemberId.wrap(i + 1);
            IMembers.Member memory entry = founded.memberById(id);
            assertEq(entry.principal, list[i].principal, "principal");
            assertEq(MemberKinds.unwrap(entry.kinds), MemberKinds.unwrap(list[i].kinds), "kinds");
            assertEq(entry.metadataDigest, list[i].metadataDigest, "metadata");
            assertMember(founded.memberOf(list[i].principal), id);
        }
    }

    function test_foundersMeetTheSameRules() public {
        IMembers.Admission[] memory list = founders();
        list[1].principal = HOSPITAL;
        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountTaken.selector, HOSPITAL, HOSPITAL_ID));
        new Members(address(authority), list);
    }

    function test_admitWritesTheEntryAndTellsAll() public {
        IMembers.Admission memory stated = admission(STRANGER, Kinds.REGULATOR, "Ministry");
        vm.expectEmit(address(members));
        emit IMembers.MemberAdmitted(UNKNOWN, STRANGER, Kinds.REGULATOR, "DE", stated.metadataDigest, "Ministry");
        vm.expectEmit(address(members));
        emit IMembers.AccountAdded(UNKNOWN, STRANGER);
        assertMember(_admit(stated), UNKNOWN);

        IMembers.Member memory entry = members.memberById(UNKNOWN);
        assertEq(entry.principal, STRANGER, "principal");
        assertEq(uint256(entry.status), uint256(MemberStatus.Active), "status");
        assertEq(MemberKinds.unwrap(entry.kinds), MemberKinds.unwrap(Kinds.REGULATOR), "kinds");
        assertEq(bytes32(entry.country), bytes32("DE"), "country");
        assertEq(entry.joinedAt, START, "joined");
        assertEq(entry.metadataDigest, stated.metadataDigest, "metadata");
        assertEq(members.memberCount(), 6, "count");
    }

    function test_admitRefusesStrangers() public {
        expectUnauthorised(HOSPITAL);
        vm.prank(HOSPITAL);
        members.admit(admission(STRANGER, Kinds.USER, "Friend"));
    }

    function test_admitRefusesTheZeroAddress() public {
        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountZero.selector));
        _admit(admission(address(0), Kinds.USER, "Nobody"));
    }

    function test_admitRefusesANameAbove200Bytes() public {
        vm.startPrank(OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NameTooLong.selector, 201, 200));
        members.admit(admission(STRANGER, Kinds.USER, string(new bytes(201))));
        members.admit(admission(STRANGER, Kinds.USER, string(new bytes(200))));
    }

    function test_admitRefusesAnAccountOfAMember() public {
        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountTaken.selector, FUND, FUND_ID));
        _admit(admission(FUND, Kinds.FUND, "Again"));
    }

    function test_admitRefusesAnAccountThatLeftAMember() public {
        _join(HOSPITAL, STRANGER);
        vm.prank(HOSPITAL);
        members.removeAccount(STRANGER);

        vm.expectRevert(abi.encodeWithSelector(IMembers.AccountTaken.selector, STRANGER, HOSPITAL_ID));
        _admit(admission(STRANGER, Kinds.USER, "Defector"));
    }

    function testFuzz_kindsAreANonEmptySubsetOfTheKnown(uint16 bits) public {
        MemberKinds kinds = MemberKinds.wrap(bits);
        bool valid = bits != 0 && bits < 64;
        if (!valid) vm.expectRevert(abi.encodeWithSelector(IMembers.KindsInvalid.selector, kinds));
        _admit(admission(STRANGER, kinds, "Any"));

        if (!valid) vm.expectRevert(abi.encodeWithSelector(IMembers.KindsInvalid.selector, kinds));
        vm.prank(OPERATOR);
        members.setKinds(COMPANY_ID, kinds);
        if (valid) assertEq(MemberKinds.unwrap(members.memberById(COMPANY_ID).kinds), bits, "kinds");
    }

    function testFuzz_countryIsTwoCapitals(bytes2 country) public {
        IMembers.Admission memory stated = admission(STRANGER, Kinds.USER, "Somewhere");
        stated.country = country;
        if (!_isCapital(country[0]) || !_isCapital(country[1])) {
            vm.expectRevert(abi.encodeWithSelector(IMembers.CountryInvalid.selector, country));
        }
        _admit(stated);
    }

    function testFuzz_countryOfTwoCapitalsIsTaken(uint8 first, uint8 second) public {
        IMembers.Admission memory stated = admission(STRANGER, Kinds.USER, "Somewhere");
        stated.country = bytes2(abi.encodePacked(bytes1(0x41 + first % 26), bytes1(0x41 + second % 26)));
        assertEq(bytes32(members.memberById(_admit(stated)).country), bytes32(stated.country), "country");
    }

    // Standing.

    /// @dev Every pair of statuses: Active and Suspended go to one another and to Expelled; nothing else happens.
    function testFuzz_standingMovesAsStated(uint8 fromSeed, uint8 toSeed) public {
        MemberStatus from = MemberStatus(bound(fromSeed, 1, 3));
        MemberStatus to = MemberStatus(bound(toSeed, 0, 3));
        if (from != MemberStatus.Active) _setStatus(COMPANY_ID, from);
        bool possible = from != to && from != MemberStatus.Expelled && to != MemberStatus.None;

        if (possible) {
            vm.expectEmit(address(members));
            emit IMembers.MemberStatusChanged(COMPANY_ID, to);
        } else {
            vm.expectRevert(abi.encodeWithSelector(IMembers.StatusChangeRefused.selector, COMPANY_ID, from, to));
        }
        _setStatus(COMPANY_ID, to);
        MemberStatus expected = possible ? to : from;
        assertEq(uint256(members.memberById(COMPANY_ID).status), uint256(expected), "status");
    }

    function test_setStatusRefusesStrangersAndUnknownMembers() public {
        expectUnauthorised(STRANGER);
        vm.prank(STRANGER);
        members.setStatus(COMPANY_ID, MemberStatus.Suspended);

        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberUnknown.selector, UNKNOWN));
        _setStatus(UNKNOWN, MemberStatus.Suspended);
    }

    function test_setKindsTellsAndRefusesStrangersAndUnknownMembers() public {
        vm.expectEmit(address(members));
        emit IMembers.MemberKindsChanged(COMPANY_ID, Kinds.AUTHORITY);
        vm.prank(OPERATOR);
        members.setKinds(COMPANY_ID, Kinds.AUTHORITY);

        expectUnauthorised(COMPANY);
        vm.prank(COMPANY);
        members.setKinds(COMPANY_ID, Kinds.ALL);

        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberUnknown.selector, UNKNOWN));
        vm.prank(OPERATOR);
        members.setKinds(UNKNOWN, Kinds.USER);
    }

    // Gates that other contracts ask.

    function test_activeMemberOfRefusesWhoActsForNobody() public {
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, STRANGER));
        members.activeMemberOf(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, address(0)));
        members.activeMemberOf(address(0), Kinds.USER);
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_activeMemberOfRefusesThoseNotInGoodStanding(bool expelled) public {
        MemberStatus status = expelled ? MemberStatus.Expelled : MemberStatus.Suspended;
        _setStatus(COMPANY_ID, status);

        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, COMPANY_ID, status));
        members.activeMemberOf(COMPANY);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, COMPANY_ID, status));
        members.activeMemberOf(COMPANY, Kinds.USER);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, COMPANY_ID, status));
        members.requireActive(COMPANY_ID, Kinds.ANY);
        assertMember(members.memberOf(COMPANY), COMPANY_ID);
    }

    function testFuzz_everyWantedKindIsNeeded(uint16 hasSeed, uint16 wantedSeed) public {
        MemberKinds kinds = MemberKinds.wrap(uint16(bound(hasSeed, 1, 63)));
        MemberKinds wanted = MemberKinds.wrap(uint16(bound(wantedSeed, 0, 63)));
        vm.prank(OPERATOR);
        members.setKinds(COMPANY_ID, kinds);
        bool enough = MemberKinds.unwrap(wanted) & ~MemberKinds.unwrap(kinds) == 0;
        bytes memory refusal = abi.encodeWithSelector(IMembers.MemberLacksKind.selector, COMPANY_ID, kinds, wanted);

        if (!enough) vm.expectRevert(refusal);
        members.requireActive(COMPANY_ID, wanted);
        if (!enough) vm.expectRevert(refusal);
        members.activeMemberOf(COMPANY, wanted);
    }

    function test_unknownMembersHaveNothing() public {
        assertEq(members.memberById(UNKNOWN).principal, address(0), "principal");
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberUnknown.selector, UNKNOWN));
        members.principalOf(UNKNOWN);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberUnknown.selector, UNKNOWN));
        members.requireActive(UNKNOWN, Kinds.ANY);
        vm.expectRevert(abi.encodeWithSelector(IMembers.DeliveryKeyMissing.selector, UNKNOWN));
        members.deliveryKeyOf(UNKNOWN);
    }

    function _admit(IMembers.Admission memory stated) private returns (MemberId) {
        vm.prank(OPERATOR);
        return members.admit(stated);
    }

    function _isCapital(bytes1 letter) private pure returns (bool) {
        return uint8(letter) > 64 && uint8(letter) < 91;
    }
}
