// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

import {IDatasets} from "../interfaces/IDatasets.sol";
import {IMembers} from "../interfaces/IMembers.sol";
import {DatasetId, MemberId} from "../types/Ids.sol";
import {Kinds} from "../types/Kinds.sol";
import {DatasetStatus} from "../types/States.sol";
import {Cid} from "./Cid.sol";

/// @title Datasets
/// @notice Register of datasets, as {IDatasets} states it.
/// @dev The holder is the stored member, not the token's address: any account of the holder may move the token, and an
/// account that has left the holder may not.
contract Datasets is IDatasets, ERC721, AccessManaged {
    uint256 private constant MAX_BATCH = 100;
    uint256 private constant MAX_PARENTS = 8;
    uint256 private constant MAX_ATTRIBUTION = 500;

    struct Line {
        DatasetId supersedes;
        DatasetId supersededBy;
    }

    IMembers private immutable _members;

    uint64 private _datasetCount;
    /// @dev The fields before the digests fill one slot.
    mapping(DatasetId dataset => Dataset) private _datasets;
    mapping(DatasetId dataset => Line) private _lines;
    mapping(DatasetId dataset => DatasetId[]) private _parents;
    /// @dev Of the datasets with a manifest all but this one are revoked.
    mapping(bytes32 manifestDigest => DatasetId) private _byManifest;
    /// @dev Kept while the dataset is revoked, for the reinstatement.
    mapping(DatasetId dataset => MemberId) private _withdrawnBy;

    constructor(address authority_, IMembers members) ERC721("Research Dataset", "DATASET") AccessManaged(authority_) {
        _members = members;
    }

    /// @inheritdoc IDatasets
    function register(Registration[] calldata registrations) external returns (DatasetId first) {
        uint256 size = registrations.length;
        if (size == 0 || size > MAX_BATCH) revert BatchSizeInvalid(size);
        MemberId holder = _members.activeMemberOf(msg.sender, Kinds.INSTITUTION);

        uint64 count = _datasetCount;
        first = DatasetId.wrap(count + 1);
        for (uint256 i = 0; i < size; ++i) {
            _register(DatasetId.wrap(++count), holder, registrations[i], i);
        }
        _datasetCount = count;
    }

    /// @inheritdoc IDatasets
    function shortenEmbargo(DatasetId dataset, uint40 embargoUntil) external {
        Dataset storage record = _requireHolder(dataset);
        uint40 present = record.embargoUntil;
        if (embargoUntil >= present) revert EmbargoNotShorter(dataset, present, embargoUntil);

        record.embargoUntil = embargoUntil;
        emit EmbargoShortened(dataset, embargoUntil);
    }

    /// @inheritdoc IDatasets
    function withdraw(DatasetId dataset) external {
        Dataset storage record = _requireHolder(dataset);
        _requireStatus(dataset, record, DatasetStatus.Active, DatasetStatus.Withdrawn);

        _withdrawnBy[dataset] = record.holder;
        _setStatus(dataset, record, DatasetStatus.Withdrawn);
    }

    /// @inheritdoc IDatasets
    function restore(DatasetId dataset) external {
        Dataset storage record = _requireHolder(dataset);
        _requireStatus(dataset, record, DatasetStatus.Withdrawn, DatasetStatus.Active);

        _withdrawnBy[dataset] = MemberId.wrap(0);
        _setStatus(dataset, record, DatasetStatus.Active);
    }

    /// @inheritdoc IDatasets
    function revoke(DatasetId dataset) external restricted {
        Dataset storage record = _requireDataset(dataset);
        DatasetStatus present = record.status;
        if (present == DatasetStatus.Revoked) {
            revert DatasetStatusChangeRefused(dataset, present, DatasetStatus.Revoked);
        }

        _setStatus(dataset, record, DatasetStatus.Revoked);
    }

    /// @inheritdoc IDatasets
    function reinstate(DatasetId dataset) external restricted {
        Dataset storage record = _requireDataset(dataset);
        _requireStatus(dataset, record, DatasetStatus.Revoked, DatasetStatus.Active);
        bytes32 manifestDigest = record.manifestDigest;
        DatasetId named = _byManifest[manifestDigest];
        if (_datasets[named].status != DatasetStatus.Revoked) revert DatasetDuplicate(manifestDigest, named);

        _byManifest[manifestDigest] = dataset;
        bool withdrawn = !_withdrawnBy[dataset].isNoMember();
        _setStatus(dataset, record, withdrawn ? DatasetStatus.Withdrawn : DatasetStatus.Active);
    }

    /// @inheritdoc IDatasets
    function datasetById(DatasetId dataset) external view returns (Dataset memory) {
        return _requireDataset(dataset);
    }

    /// @inheritdoc IDatasets
    function holderOf(DatasetId dataset) external view returns (MemberId) {
        return _requireDataset(dataset).holder;
    }

    /// @inheritdoc IDatasets
    function partiesOf(DatasetId dataset) external view returns (MemberId collector, MemberId holder) {
        Dataset storage record = _requireDataset(dataset);
        return (record.collector, record.holder);
    }

    /// @inheritdoc IDatasets
    function requireLicensable(DatasetId dataset) external view returns (MemberId holder) {
        Dataset storage record = _datasets[dataset];
        DatasetStatus status = record.status;
        if (status == DatasetStatus.None) revert DatasetUnknown(dataset);
        if (status != DatasetStatus.Active) revert DatasetNotAvailable(dataset, status);
        uint40 embargoUntil = record.embargoUntil;
        if (block.timestamp < embargoUntil) revert EmbargoInForce(dataset, embargoUntil);
        return record.holder;
    }

    /// @inheritdoc IDatasets
    function isAvailable(DatasetId dataset) external view returns (bool) {
        return _datasets[dataset].status == DatasetStatus.Active;
    }

    /// @inheritdoc IDatasets
    function isDeliverableBy(DatasetId dataset, MemberId licensor) external view returns (bool) {
        DatasetStatus status = _datasets[dataset].status;
        if (status == DatasetStatus.Withdrawn) return _withdrawnBy[dataset] != licensor;
        return status == DatasetStatus.Active;
    }

    /// @inheritdoc IDatasets
    function versionsOf(DatasetId dataset) external view returns (DatasetId supersedes, DatasetId supersededBy) {
        Line storage line = _lines[dataset];
        return (line.supersedes, line.supersededBy);
    }

    /// @inheritdoc IDatasets
    function parentsOf(DatasetId dataset) external view returns (DatasetId[] memory) {
        return _parents[dataset];
    }

    /// @inheritdoc IDatasets
    function datasetByManifest(bytes32 manifestDigest) external view returns (DatasetId) {
        return _byManifest[manifestDigest];
    }

    /// @inheritdoc IDatasets
    function datasetCount() external view returns (uint64) {
        return _datasetCount;
    }

    /// @notice Address of the metadata document.
    function tokenURI(uint256 tokenId) public view override returns (string memory) {
        _requireOwned(tokenId);
        return Cid.rawUri(_datasets[_datasetOf(tokenId)].metadataDigest);
    }

    function _register(DatasetId dataset, MemberId holder, Registration calldata registration, uint256 index) private {
        _requireComplete(registration, index);
        _requireFree(registration.manifestDigest, holder);
        if (registration.collector != holder) _members.requireActive(registration.collector, Kinds.ANY);

        // Before the record is there, so that no dataset can name itself.
        if (!registration.supersedes.isNoDataset()) _supersede(dataset, registration.supersedes, holder);
        if (registration.parents.length != 0) _setParents(dataset, registration.parents, index);
        _datasets[dataset] = Dataset({
            collector: registration.collector,
            holder: holder,
            size: registration.size,
            registeredAt: uint40(block.timestamp), // in range for 34,000 years
            embargoUntil: registration.embargoUntil,
            funding: registration.funding,
            tier: registration.tier,
            status: DatasetStatus.Active,
            humanGeneticResources: registration.humanGeneticResources,
            manifestCodec: registration.manifestCodec,
            manifestDigest: registration.manifestDigest,
            metadataDigest: registration.metadataDigest,
            keyCommitment: registration.keyCommitment,
            attributionDigest: keccak256(bytes(registration.attribution))
        });
        _byManifest[registration.manifestDigest] = dataset;
        _mint(msg.sender, DatasetId.unwrap(dataset));
        emit DatasetRegistered(dataset, holder, registration);
    }

    function _supersede(DatasetId dataset, DatasetId former, MemberId holder) private {
        MemberId formerHolder = _requireDataset(former).holder;
        if (formerHolder != holder) revert NotHolder(former, formerHolder, holder);
        DatasetId by = _lines[former].supersededBy;
        if (!by.isNoDataset()) revert AlreadySuperseded(former, by);

        _lines[former].supersededBy = dataset;
        _lines[dataset].supersedes = former;
    }

    /// @dev A parent has a lower id than its child, so no dataset derives from itself.
    function _setParents(DatasetId dataset, DatasetId[] calldata parents, uint256 index) private {
        if (parents.length > MAX_PARENTS) revert ParentsInvalid(index);
        for (uint256 i = 0; i < parents.length; ++i) {
            DatasetId parent = parents[i];
            _requireDataset(parent);
            for (uint256 j = 0; j < i; ++j) {
                if (parents[j] == parent) revert ParentsInvalid(index);
            }
        }

        _parents[dataset] = parents;
    }

    function _setStatus(DatasetId dataset, Dataset storage record, DatasetStatus status) private {
        record.status = status;
        emit DatasetStatusChanged(dataset, status);
    }

    /// @dev A transfer makes the receiver's member the holder.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address from) {
        if (_ownerOf(tokenId) == address(0)) return super._update(to, tokenId, auth);

        DatasetId dataset = _datasetOf(tokenId);
        Dataset storage record = _datasets[dataset];
        MemberId holder = record.holder;
        _members.requireActive(holder, Kinds.ANY);
        MemberId receiver = _members.activeMemberOf(to, Kinds.INSTITUTION);

        from = super._update(to, tokenId, auth);
        if (receiver != holder) {
            record.holder = receiver;
            emit HolderChanged(dataset, holder, receiver);
        }
    }

    /// @dev A token that does not exist has no owner, and "no member" would hold it: nobody may mint it by moving it.
    function _isAuthorized(address owner, address spender, uint256 tokenId) internal view override returns (bool) {
        if (owner == address(0)) return false;
        MemberId holder = _datasets[_datasetOf(tokenId)].holder;
        if (_members.memberOf(spender) == holder) return true;
        return _members.memberOf(owner) == holder && super._isAuthorized(owner, spender, tokenId);
    }

    function _requireHolder(DatasetId dataset) private view returns (Dataset storage record) {
        record = _requireDataset(dataset);
        MemberId holder = record.holder;
        MemberId member = _members.memberOf(msg.sender);
        if (member != holder) revert NotHolder(dataset, holder, member);
    }

    function _requireDataset(DatasetId dataset) private view returns (Dataset storage record) {
        record = _datasets[dataset];
        if (record.status == DatasetStatus.None) revert DatasetUnknown(dataset);
    }

    /// @dev What the consortium revoked does not stand in the way of others, and its holder does not register it anew.
    function _requireFree(bytes32 manifestDigest, MemberId holder) private view {
        DatasetId existing = _byManifest[manifestDigest];
        if (existing.isNoDataset()) return;
        Dataset storage record = _datasets[existing];
        if (record.status != DatasetStatus.Revoked || record.holder == holder) {
            revert DatasetDuplicate(manifestDigest, existing);
        }
    }

    function _requireStatus(DatasetId dataset, Dataset storage record, DatasetStatus from, DatasetStatus to)
        private
        view
    {
        DatasetStatus present = record.status;
        if (present != from) revert DatasetStatusChangeRefused(dataset, present, to);
    }

    function _requireComplete(Registration calldata registration, uint256 index) private pure {
        if (
            registration.manifestDigest == 0 || registration.metadataDigest == 0 || registration.keyCommitment == 0
                || registration.size == 0 || bytes(registration.attribution).length == 0
        ) {
            revert RegistrationIncomplete(index);
        }
        uint256 length = bytes(registration.attribution).length;
        if (length > MAX_ATTRIBUTION) revert AttributionTooLong(index, length, MAX_ATTRIBUTION);
        uint8 codec = registration.manifestCodec;
        if (codec != Cid.RAW && codec != Cid.DAG_PB) revert CodecUnknown(codec);
    }

    /// @dev Tokens are minted for {DatasetId}s only, so a larger number stands for no dataset.
    function _datasetOf(uint256 tokenId) private pure returns (DatasetId) {
        return tokenId > type(uint64).max ? DatasetId.wrap(0) : DatasetId.wrap(uint64(tokenId));
    }
}
