// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {DatasetId, MemberId} from "../../../contracts/types/Ids.sol";
import {Kinds} from "../../../contracts/types/Kinds.sol";
import {DatasetStatus, Funding, MemberStatus, Tier} from "../../../contracts/types/States.sol";
import {World} from "../support/World.sol";

/// @title Registration of datasets: what is stored, what is refused, lines of versions, parents, batches
contract DatasetsTest is World {
    DatasetId private constant UNKNOWN = DatasetId.wrap(99);

    // What is stored and told.

    function testFuzz_registerStoresWhatIsStated(
        uint64 size,
        uint40 embargoUntil,
        uint8 funding,
        uint8 tier,
        bool humanGeneticResources,
        bool raw
    ) public {
        IDatasets.Registration memory stated = registration();
        stated.size = uint64(bound(size, 1, type(uint64).max));
        stated.embargoUntil = embargoUntil;
        stated.funding = Funding(funding % 3);
        stated.tier = Tier(tier % 4);
        stated.humanGeneticResources = humanGeneticResources;
        stated.manifestCodec = raw ? 0x55 : 0x70;
        stated.collector = FUND_ID;

        vm.expectEmit(address(datasets));
        emit IDatasets.DatasetRegistered(DatasetId.wrap(1), HOSPITAL_ID, stated);
        DatasetId dataset = _register(HOSPITAL, stated);

        IDatasets.Dataset memory expected = IDatasets.Dataset({
            collector: FUND_ID,
            holder: HOSPITAL_ID,
            size: stated.size,
            registeredAt: uint40(START),
            embargoUntil: embargoUntil,
            funding: stated.funding,
            tier: stated.tier,
            status: DatasetStatus.Active,
            humanGeneticResources: humanGeneticResources,
            manifestCodec: stated.manifestCodec,
            manifestDigest: stated.manifestDigest,
            metadataDigest: stated.metadataDigest,
            keyCommitment: stated.keyCommitment,
            attributionDigest: keccak256(bytes(stated.attribution))
        });
        bytes32 actual = keccak256(abi.encode(datasets.datasetById(dataset)));
        assertEq(actual, keccak256(abi.encode(expected)), "record");
        (MemberId collector, MemberId holder) = datasets.partiesOf(dataset);
        assertMember(collector, FUND_ID);
        assertMember(holder, HOSPITAL_ID);
        assertEq(datasets.ownerOf(1), HOSPITAL, "owner");
        assertEq(DatasetId.unwrap(datasets.datasetByManifest(stated.manifestDigest)), 1, "by manifest");
        assertTrue(datasets.isAvailable(dataset), "available");
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_anAttributionHasAtMost500Bytes(uint16 excess) public {
        IDatasets.Registration memory stated = registration();
        stated.attribution = string(new bytes(500));
        _register(HOSPITAL, stated);
        uint256 length = 501 + uint256(excess);
        stated = registration();
        stated.attribution = string(new bytes(length));
        vm.expectRevert(abi.encodeWithSelector(IDatasets.AttributionTooLong.selector, 0, length, 500));
        _register(HOSPITAL, stated);
    }

    function test_theTokenGoesToTheCallingAccount() public {
        _join(HOSPITAL, STRANGER);
        DatasetId dataset = _register(STRANGER, registration());
        assertEq(datasets.ownerOf(DatasetId.unwrap(dataset)), STRANGER, "owner");
        assertMember(datasets.holderOf(dataset), HOSPITAL_ID);
    }

    function test_theTokenNamesTheMetadata() public {
        IDatasets.Registration memory stated = registration();
        stated.metadataDigest = 0x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff;
        _register(HOSPITAL, stated);
        assertEq(
            datasets.tokenURI(1),
            "ipfs://f0155122000112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            "uri"
        );
    }

    function testFuzz_everyDigestIsNamedInFull(bytes32 digest) public {
        vm.assume(digest != 0);
        IDatasets.Registration memory stated = registration();
        stated.metadataDigest = digest;
        _register(HOSPITAL, stated);
        bytes memory written = bytes(datasets.tokenURI(1));
        bytes memory digits = bytes(vm.toString(digest));
        assertEq(written.length, 80, "length");
        for (uint256 i = 0; i < 64; ++i) {
            assertTrue(written[16 + i] == digits[2 + i], "digit");
        }
    }

    // Who may register.

    function test_onlyActiveInstitutionsRegister() public {
        IDatasets.Registration memory stated = registration();

        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, STRANGER));
        _register(STRANGER, stated);

        vm.expectRevert(
            abi.encodeWithSelector(IMembers.MemberLacksKind.selector, COMPANY_ID, Kinds.USER, Kinds.INSTITUTION)
        );
        _register(COMPANY, stated);

        _setStatus(HOSPITAL_ID, MemberStatus.Suspended);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, HOSPITAL_ID, MemberStatus.Suspended));
        _register(HOSPITAL, stated);
    }

    function test_theCollectorIsAnActiveMember() public {
        IDatasets.Registration memory stated = registration();
        stated.collector = MemberId.wrap(77);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberUnknown.selector, stated.collector));
        _register(HOSPITAL, stated);

        stated.collector = NOBODY;
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberUnknown.selector, NOBODY));
        _register(HOSPITAL, stated);

        stated.collector = INSTITUTE_ID;
        _setStatus(INSTITUTE_ID, MemberStatus.Expelled);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, INSTITUTE_ID, MemberStatus.Expelled));
        _register(HOSPITAL, stated);
    }

    // What a registration must state.

    function testFuzz_noFieldThatMustBeSetIsZero(uint8 field, uint8 place) public {
        IDatasets.Registration[] memory batch = _batch(3);
        uint256 index = place % 3;
        IDatasets.Registration memory stated = batch[index];
        if (field % 5 == 0) stated.manifestDigest = 0;
        if (field % 5 == 1) stated.metadataDigest = 0;
        if (field % 5 == 2) stated.keyCommitment = 0;
        if (field % 5 == 3) stated.size = 0;
        if (field % 5 == 4) stated.attribution = "";

        vm.expectRevert(abi.encodeWithSelector(IDatasets.RegistrationIncomplete.selector, index));
        vm.prank(HOSPITAL);
        datasets.register(batch);
        assertEq(datasets.datasetCount(), 0, "all or none");
    }

    function testFuzz_theCodecIsRawOrDagPb(uint8 codec) public {
        IDatasets.Registration memory stated = registration();
        stated.manifestCodec = codec;
        if (codec != 0x55 && codec != 0x70) {
            vm.expectRevert(abi.encodeWithSelector(IDatasets.CodecUnknown.selector, codec));
        }
        _register(HOSPITAL, stated);
    }

    function test_aManifestIsRegisteredOnce() public {
        IDatasets.Registration memory stated = registration();
        DatasetId dataset = _register(HOSPITAL, stated);

        vm.expectRevert(abi.encodeWithSelector(IDatasets.DatasetDuplicate.selector, stated.manifestDigest, dataset));
        _register(INSTITUTE, stated);
    }

    function test_aManifestStandsOnceInABatch() public {
        IDatasets.Registration[] memory batch = _batch(2);
        batch[1].manifestDigest = batch[0].manifestDigest;
        vm.expectRevert(
            abi.encodeWithSelector(IDatasets.DatasetDuplicate.selector, batch[0].manifestDigest, DatasetId.wrap(1))
        );
        vm.prank(HOSPITAL);
        datasets.register(batch);
    }

    // Batches.

    function testFuzz_aBatchIsRegisteredInOrder(uint8 seed) public {
        uint256 size = bound(seed, 1, 100);
        _registered();
        IDatasets.Registration[] memory batch = _batch(size);
        vm.prank(HOSPITAL);
        DatasetId first = datasets.register(batch);

        assertEq(DatasetId.unwrap(first), 2, "first");
        assertEq(datasets.datasetCount(), 1 + size, "count");
        for (uint64 i = 0; i < size; ++i) {
            bytes32 manifest = datasets.datasetById(DatasetId.wrap(2 + i)).manifestDigest;
            assertEq(manifest, batch[i].manifestDigest, "order");
        }
    }

    function test_fiftyAndAHundredAreRegistered() public {
        vm.startPrank(HOSPITAL);
        datasets.register(_batch(50));
        datasets.register(_batch(100));
        assertEq(datasets.balanceOf(HOSPITAL), 150, "tokens");
    }

    function test_noneAndAHundredAndOneAreRefused() public {
        vm.startPrank(HOSPITAL);
        vm.expectRevert(abi.encodeWithSelector(IDatasets.BatchSizeInvalid.selector, 0));
        datasets.register(_batch(0));
        IDatasets.Registration[] memory batch = _batch(101);
        vm.expectRevert(abi.encodeWithSelector(IDatasets.BatchSizeInvalid.selector, 101));
        datasets.register(batch);
    }

    function test_aBatchIsRegisteredWholeOrNotAtAll() public {
        IDatasets.Registration[] memory batch = _batch(50);
        batch[49].manifestCodec = 0x71;
        vm.expectRevert(abi.encodeWithSelector(IDatasets.CodecUnknown.selector, 0x71));
        vm.prank(HOSPITAL);
        datasets.register(batch);

        assertEq(datasets.datasetCount(), 0, "count");
        assertEq(datasets.balanceOf(HOSPITAL), 0, "tokens");
        assertEq(DatasetId.unwrap(datasets.datasetByManifest(batch[0].manifestDigest)), 0, "by manifest");
    }

    // Versions.

    function test_aVersionSupersedesAnother() public {
        DatasetId former = _registered();
        DatasetId latter = _register(HOSPITAL, _successor(former));

        (DatasetId supersedes, DatasetId supersededBy) = datasets.versionsOf(former);
        assertEq(DatasetId.unwrap(supersedes), 0, "first of the line");
        assertEq(DatasetId.unwrap(supersededBy), DatasetId.unwrap(latter), "superseded by");
        (supersedes, supersededBy) = datasets.versionsOf(latter);
        assertEq(DatasetId.unwrap(supersedes), DatasetId.unwrap(former), "supersedes");
        assertEq(DatasetId.unwrap(supersededBy), 0, "last of the line");
        assertTrue(datasets.isAvailable(former), "the former version stays licensable on its terms");
    }

    function test_aVersionIsSupersededOnce() public {
        DatasetId former = _registered();
        DatasetId latter = _register(HOSPITAL, _successor(former));
        IDatasets.Registration memory third = _successor(former);
        vm.expectRevert(abi.encodeWithSelector(IDatasets.AlreadySuperseded.selector, former, latter));
        _register(HOSPITAL, third);
    }

    function test_onlyTheHolderSupersedes() public {
        IDatasets.Registration memory stated = _successor(_registered());
        vm.expectRevert(
            abi.encodeWithSelector(IDatasets.NotHolder.selector, stated.supersedes, HOSPITAL_ID, INSTITUTE_ID)
        );
        _register(INSTITUTE, stated);
    }

    function test_nothingSupersedesItselfOrWhatDoesNotExist() public {
        IDatasets.Registration memory stated = _successor(DatasetId.wrap(1));
        vm.expectRevert(abi.encodeWithSelector(IDatasets.DatasetUnknown.selector, DatasetId.wrap(1)));
        _register(HOSPITAL, stated);
    }

    function test_aBatchMayHoldAWholeLine() public {
        IDatasets.Registration[] memory batch = _batch(3);
        batch[1].supersedes = DatasetId.wrap(1);
        batch[2].supersedes = DatasetId.wrap(2);
        vm.prank(HOSPITAL);
        datasets.register(batch);
        (DatasetId supersedes, DatasetId supersededBy) = datasets.versionsOf(DatasetId.wrap(2));
        assertEq(DatasetId.unwrap(supersedes), 1, "supersedes");
        assertEq(DatasetId.unwrap(supersededBy), 3, "superseded by");
    }

    // Parents.

    function testFuzz_upToEightParents(uint8 seed) public {
        uint256 count = bound(seed, 0, 12);
        IDatasets.Registration memory stated = registration();
        stated.parents = new DatasetId[](count);
        for (uint256 i = 0; i < count; ++i) {
            stated.parents[i] = _registered();
        }

        if (count > 8) vm.expectRevert(abi.encodeWithSelector(IDatasets.ParentsInvalid.selector, 0));
        DatasetId dataset = _register(INSTITUTE, stated);
        if (count > 8) return;
        bytes32 parents = keccak256(abi.encode(datasets.parentsOf(dataset)));
        assertEq(parents, keccak256(abi.encode(stated.parents)), "parents");
    }

    function test_eightParentsAndNotNine() public {
        IDatasets.Registration memory eight = registration();
        IDatasets.Registration memory nine = registration();
        (eight.parents, nine.parents) = (new DatasetId[](8), new DatasetId[](9));
        for (uint256 i = 0; i < 9; ++i) {
            nine.parents[i] = _registered();
            if (i < 8) eight.parents[i] = nine.parents[i];
        }
        assertEq(datasets.parentsOf(_register(HOSPITAL, eight)).length, 8, "eight");
        vm.expectRevert(abi.encodeWithSelector(IDatasets.ParentsInvalid.selector, 0));
        _register(HOSPITAL, nine);
    }

    function testFuzz_noParentTwice(uint8 first, uint8 second) public {
        vm.assume(first % 8 != second % 8);
        IDatasets.Registration[] memory batch = _batch(1);
        batch[0].parents = new DatasetId[](8);
        for (uint256 i = 0; i < 8; ++i) {
            batch[0].parents[i] = _registered();
        }
        batch[0].parents[second % 8] = batch[0].parents[first % 8];

        vm.expectRevert(abi.encodeWithSelector(IDatasets.ParentsInvalid.selector, 0));
        vm.prank(HOSPITAL);
        datasets.register(batch);
    }

    function test_parentsAreRegisteredBefore() public {
        IDatasets.Registration memory stated = registration();
        stated.parents = new DatasetId[](1);
        stated.parents[0] = DatasetId.wrap(1); // itself
        vm.expectRevert(abi.encodeWithSelector(IDatasets.DatasetUnknown.selector, DatasetId.wrap(1)));
        _register(HOSPITAL, stated);
    }

    // Reads.

    function test_unknownDatasetsAreRefusedOrEmpty() public {
        bytes memory refusal = abi.encodeWithSelector(IDatasets.DatasetUnknown.selector, UNKNOWN);
        vm.expectRevert(refusal);
        datasets.datasetById(UNKNOWN);
        vm.expectRevert(refusal);
        datasets.holderOf(UNKNOWN);
        vm.expectRevert(refusal);
        datasets.partiesOf(UNKNOWN);
        vm.expectRevert(refusal);
        datasets.requireLicensable(UNKNOWN);
        assertFalse(datasets.isAvailable(UNKNOWN), "available");
        assertEq(datasets.parentsOf(UNKNOWN).length, 0, "parents");
        assertEq(DatasetId.unwrap(datasets.datasetByManifest(keccak256("none"))), 0, "by manifest");
    }

    function _successor(DatasetId former) private returns (IDatasets.Registration memory stated) {
        stated = registration();
        stated.supersedes = former;
    }

    function _batch(uint256 size) private returns (IDatasets.Registration[] memory batch) {
        batch = new IDatasets.Registration[](size);
        for (uint256 i = 0; i < size; ++i) {
            batch[i] = registration();
        }
    }
}
