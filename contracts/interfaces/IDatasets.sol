// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

import {DatasetId, MemberId} from "../types/Ids.sol";
import {DatasetStatus, Funding, Tier} from "../types/States.sol";

/// @title Register of datasets (R1.2, R1.3, R2.2, R2.4, R2.6)
/// @notice One ERC-721 token for each version of a dataset. The token's owner is an account of the holder; the
/// collector is recorded apart from it and never changes.
/// - The data is never here: the manifest names the encrypted files, the key commitment fixes the key that opens them.
/// - All versions of one dataset form a line: each supersedes at most one and is superseded by at most one.
/// - The ledger proves who registered what and when. It does not prove that data is true, lawful or original.
interface IDatasets is IERC721 {
    /// @notice What is stored for a version of a dataset.
    /// @param collector Member that collected the data and is credited in every secondary use.
    /// @param holder Member that holds and licenses it.
    /// @param size Plaintext size, in bytes.
    /// @param registeredAt Unix time of registration, in seconds.
    /// @param embargoUntil Unix time before which no licence may be applied for, in seconds; zero for none.
    /// @param funding Who paid for the collection.
    /// @param tier How widely it may be shared.
    /// @param status Whether it may be licensed.
    /// @param humanGeneticResources Whether it contains human genetic resources (R4.4).
    /// @param manifestCodec Multicodec of the manifest's CID: 0x55 (raw) or 0x70 (dag-pb).
    /// @param manifestDigest sha2-256 digest of the manifest's CID.
    /// @param metadataDigest sha2-256 digest of the metadata document's CID, whose codec is raw.
    /// @param keyCommitment keccak256 of the dataset key.
    /// @param attributionDigest keccak256 of the attribution line.
    struct Dataset {
        MemberId collector;
        MemberId holder;
        uint64 size;
        uint40 registeredAt;
        uint40 embargoUntil;
        Funding funding;
        Tier tier;
        DatasetStatus status;
        bool humanGeneticResources;
        uint8 manifestCodec;
        bytes32 manifestDigest;
        bytes32 metadataDigest;
        bytes32 keyCommitment;
        bytes32 attributionDigest;
    }

    /// @notice What a holder states when it registers a version. Fields as in {Dataset}.
    /// @param supersedes The version that this one replaces; none for a new dataset.
    /// @param parents Datasets from which this one derives, at most 8, without repetition.
    /// @param attribution The line to print wherever the data is used, at most 500 bytes; travels in the event only.
    struct Registration {
        MemberId collector;
        uint64 size;
        uint40 embargoUntil;
        Funding funding;
        Tier tier;
        bool humanGeneticResources;
        uint8 manifestCodec;
        bytes32 manifestDigest;
        bytes32 metadataDigest;
        bytes32 keyCommitment;
        DatasetId supersedes;
        DatasetId[] parents;
        string attribution;
    }

    /// @notice A version of a dataset was registered. Carries the whole record.
    /// @param dataset Its id.
    /// @param holder Member that registered it.
    /// @param registration The whole record.
    event DatasetRegistered(DatasetId indexed dataset, MemberId indexed holder, Registration registration);

    /// @notice The holder changed, with the token.
    /// @param dataset The version of the dataset.
    /// @param from The former holder.
    /// @param to The new holder.
    event HolderChanged(DatasetId indexed dataset, MemberId indexed from, MemberId indexed to);

    /// @notice The embargo ends at `embargoUntil`, earlier than before.
    /// @param dataset The version of the dataset.
    /// @param embargoUntil End of the embargo, Unix time in seconds.
    event EmbargoShortened(DatasetId indexed dataset, uint40 embargoUntil);

    /// @notice The version may be licensed, or may not any longer.
    /// @param dataset The version of the dataset.
    /// @param status Status of the version.
    event DatasetStatusChanged(DatasetId indexed dataset, DatasetStatus status);

    /// @notice There is no such dataset.
    /// @dev Check the dataset's id in the catalogue.
    /// @param dataset The version of the dataset.
    error DatasetUnknown(DatasetId dataset);

    /// @notice The dataset is withdrawn or revoked.
    /// @dev Look for a newer version of it in the catalogue.
    /// @param dataset The version of the dataset.
    /// @param status Status of the version.
    error DatasetNotAvailable(DatasetId dataset, DatasetStatus status);

    /// @notice The dataset is under embargo.
    /// @dev Apply after the embargo ends, or ask the holder to end it earlier.
    /// @param dataset The version of the dataset.
    /// @param embargoUntil End of the embargo, Unix time in seconds.
    error EmbargoInForce(DatasetId dataset, uint40 embargoUntil);

    /// @notice Only the dataset's holder may do this.
    /// @dev Sign with an account of the holder.
    /// @param dataset The version of the dataset.
    /// @param holder The holder.
    /// @param member Member that called.
    error NotHolder(DatasetId dataset, MemberId holder, MemberId member);

    /// @notice The same manifest is registered already.
    /// @dev Use the existing dataset, or encrypt the data anew. If it is somebody's copy, ask the stewards to revoke it.
    /// @param manifestDigest sha2-256 digest of the manifest's CID.
    /// @param existing The dataset that has the manifest.
    error DatasetDuplicate(bytes32 manifestDigest, DatasetId existing);

    /// @notice A field that must be set is zero.
    /// @dev Fill in the manifest's and the metadata's digest, the key commitment, the size and the attribution.
    /// @param index Place in the batch, from 0.
    error RegistrationIncomplete(uint256 index);

    /// @notice The attribution is too long.
    /// @dev Shorten it to at most `most` bytes; a letter outside ASCII takes two to four.
    /// @param index Place in the batch, from 0.
    /// @param length Length given, in bytes.
    /// @param most Length allowed, in bytes.
    error AttributionTooLong(uint256 index, uint256 length, uint256 most);

    /// @notice The manifest's codec is neither raw nor dag-pb.
    /// @dev Use 0x55 or 0x70, as the CID says.
    /// @param codec The multicodec given.
    error CodecUnknown(uint8 codec);

    /// @notice The version named as superseded has been superseded already.
    /// @dev Supersede the latest version of the line.
    /// @param dataset The version named.
    /// @param by The version that supersedes it.
    error AlreadySuperseded(DatasetId dataset, DatasetId by);

    /// @notice Too many parents, or one of them twice.
    /// @dev Name at most 8 different datasets.
    /// @param index Place in the batch, from 0.
    error ParentsInvalid(uint256 index);

    /// @notice An embargo can only become shorter.
    /// @dev Name an earlier time than the present one.
    /// @param dataset The version of the dataset.
    /// @param present Present end of the embargo, Unix time in seconds.
    /// @param wanted End wanted, Unix time in seconds.
    error EmbargoNotShorter(DatasetId dataset, uint40 present, uint40 wanted);

    /// @notice The batch is empty or too large.
    /// @dev Register between 1 and 100 datasets at once.
    /// @param size Size of the batch given.
    error BatchSizeInvalid(uint256 size);

    /// @notice The change of status is not possible from the present one.
    /// @dev Read the dataset's status; only what the consortium has not revoked can be restored by its holder.
    /// @param dataset The version of the dataset.
    /// @param from Present status.
    /// @param to Status wanted.
    error DatasetStatusChangeRefused(DatasetId dataset, DatasetStatus from, DatasetStatus to);

    /// @notice Registers one or many versions, all or none.
    /// @dev Caller: an active institution, which becomes the holder; the token goes to the calling account. Who comes
    /// first has the manifest, even if it read it in another's pending transaction: the stewards revoke such a copy,
    /// and a manifest whose dataset is revoked can be registered again, by anyone but the holder of that dataset.
    /// Reverts with {BatchSizeInvalid}, {RegistrationIncomplete}, {AttributionTooLong}, {CodecUnknown},
    /// {DatasetDuplicate}, {NotHolder}, {AlreadySuperseded}, {DatasetUnknown}, {ParentsInvalid},
    /// {IMembers.MemberNotActive} (collector) and the errors of {IMembers.activeMemberOf}.
    /// @param registrations 1 to 100 records.
    /// @return first Id of the first; the others follow in order.
    function register(Registration[] calldata registrations) external returns (DatasetId first);

    /// @notice Ends the embargo earlier. Nobody can lengthen it (R2.4).
    /// @dev Caller: the holder. Reverts with {NotHolder}, {EmbargoNotShorter}.
    /// @param dataset Its id.
    /// @param embargoUntil New end, Unix time in seconds; a past time ends it now.
    function shortenEmbargo(DatasetId dataset, uint40 embargoUntil) external;

    /// @notice Stops new licences and renewals. Licences in force stay in force; money in escrow for a key that the
    /// caller's member sold and has not delivered becomes refundable at once. What an earlier holder sold is still its
    /// to deliver: see {isDeliverableBy}.
    /// @dev Caller: the holder. Reverts with {NotHolder}, {DatasetStatusChangeRefused}.
    /// @param dataset Its id.
    function withdraw(DatasetId dataset) external;

    /// @notice Makes a withdrawn version licensable again.
    /// @dev Caller: the holder. Reverts with {NotHolder}, {DatasetStatusChangeRefused}.
    /// @param dataset Its id.
    function restore(DatasetId dataset) external;

    /// @notice Stops new licences, renewals and deliveries whatever the holder wants, until {reinstate}. The manifest is
    /// free to be registered by another member.
    /// @dev Caller: the stewardship role. Reverts with {DatasetUnknown}, {DatasetStatusChangeRefused}.
    /// @param dataset Its id.
    function revoke(DatasetId dataset) external;

    /// @notice Lifts a revocation.
    /// @dev Caller: the stewardship role. Reverts with {DatasetUnknown}, {DatasetStatusChangeRefused},
    /// {DatasetDuplicate}: the manifest was registered anew meanwhile, and that dataset is not revoked.
    /// @param dataset Its id.
    function reinstate(DatasetId dataset) external;

    /// @notice The record of a version.
    /// @dev Reverts with {DatasetUnknown}.
    /// @param dataset Its id.
    function datasetById(DatasetId dataset) external view returns (Dataset memory);

    /// @notice The member that holds the dataset.
    /// @dev Reverts with {DatasetUnknown}.
    /// @param dataset Its id.
    function holderOf(DatasetId dataset) external view returns (MemberId);

    /// @notice Collector and holder, for the split of a payment.
    /// @dev Reverts with {DatasetUnknown}.
    /// @param dataset Its id.
    /// @return collector Member that collected the data.
    /// @return holder Member that holds it.
    function partiesOf(DatasetId dataset) external view returns (MemberId collector, MemberId holder);

    /// @notice Refuses unless the dataset may be licensed now, and names its holder.
    /// @dev Reverts with {DatasetUnknown}, {DatasetNotAvailable}, {EmbargoInForce}.
    /// @param dataset Its id.
    /// @return holder Member that holds it.
    function requireLicensable(DatasetId dataset) external view returns (MemberId holder);

    /// @notice Whether a dataset exists and is neither withdrawn nor revoked, whatever its embargo.
    /// @param dataset Its id.
    function isAvailable(DatasetId dataset) external view returns (bool);

    /// @notice Whether `licensor` may still deliver keys of the dataset that it sold: the dataset exists, the consortium
    /// has not revoked it, and the licensor itself has not withdrawn it. A withdrawal by a later holder does not count,
    /// even if the dataset came back since: that holder could else read a key in a pending delivery, stop the delivery
    /// and have the price refunded.
    /// @param dataset Its id.
    /// @param licensor Member that approved the licence.
    function isDeliverableBy(DatasetId dataset, MemberId licensor) external view returns (bool);

    /// @notice Neighbours in the line of versions; none where there is none.
    /// @param dataset Its id.
    /// @return supersedes The version that this one replaces.
    /// @return supersededBy The version that replaces this one.
    function versionsOf(DatasetId dataset) external view returns (DatasetId supersedes, DatasetId supersededBy);

    /// @notice Datasets from which this one derives.
    /// @param dataset Its id.
    function parentsOf(DatasetId dataset) external view returns (DatasetId[] memory);

    /// @notice The dataset with this manifest; none if there is none. Of several, all others are revoked.
    /// @param manifestDigest sha2-256 digest of the manifest's CID.
    function datasetByManifest(bytes32 manifestDigest) external view returns (DatasetId);

    /// @notice Number of versions ever registered; ids run from 1 to this.
    function datasetCount() external view returns (uint64);
}
