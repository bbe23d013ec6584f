// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {IKeyExchange} from "../../../contracts/interfaces/IKeyExchange.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {IOffers} from "../../../contracts/interfaces/IOffers.sol";
import {DatasetId, LicenceId, MemberId, OfferId} from "../../../contracts/types/Ids.sol";
import {MemberKinds} from "../../../contracts/types/Kinds.sol";
import {DatasetStatus, EscrowStatus, LicenceState, MemberStatus} from "../../../contracts/types/States.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {Test} from "../support/Test.sol";
import {Vm} from "../support/Vm.sol";

/// @title The ledger as its events tell it
/// @notice Learns from logs alone, as an index does, and holds all that the contracts store. It refuses a history that
/// cannot be: a second settlement, a licence that moves, an embargo that grows.
contract Mirror is Test {
    mapping(MemberId member => IMembers.Member) private _members;
    mapping(address account => MemberId) public accountOf;
    mapping(MemberId member => bytes32) public deliveryKeyOf;
    mapping(DatasetId dataset => IDatasets.Dataset) private _datasets;
    mapping(DatasetId dataset => DatasetId) public supersedes;
    mapping(DatasetId dataset => DatasetId) public supersededBy;
    mapping(DatasetId dataset => DatasetId[]) private _parents;
    mapping(bytes32 manifestDigest => DatasetId) public byManifest;
    mapping(DatasetId dataset => MemberId) public withdrawnBy;
    mapping(OfferId offer => IOffers.Offer) private _offers;
    mapping(LicenceId licence => ILicences.Licence) private _licences;
    mapping(LicenceId licence => bool) public settled;
    mapping(LicenceId licence => IBenefits.Escrow) private _escrows;
    mapping(MemberId member => mapping(address token => uint256)) public balanceOf;
    mapping(address token => bool) public allowed;
    mapping(LicenceId licence => IKeyExchange.Delivery) private _deliveries;
    mapping(address token => mapping(uint256 tokenId => address)) public ownerOf;
    ILicences.Windows private _windows;

    uint32 public memberCount;
    uint64 public datasetCount;
    uint64 public offerCount;
    uint64 public licenceCount;

    function learn(Vm.Log[] memory logs) external {
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32[] memory topics = logs[i].topics;
            if (topics.length == 4 && topics[0] == IERC721.Transfer.selector) {
                ownerOf[logs[i].emitter][uint256(topics[3])] = address(uint160(uint256(topics[2])));
            }
            _learnMember(topics, logs[i].data);
            _learnDataset(topics, logs[i].data);
            _learnLicence(topics, logs[i].data);
            _learnMoney(topics, logs[i].data);
        }
    }

    function memberById(MemberId member) external view returns (IMembers.Member memory) {
        return _members[member];
    }

    function datasetById(DatasetId dataset) external view returns (IDatasets.Dataset memory) {
        return _datasets[dataset];
    }

    function parentsOf(DatasetId dataset) external view returns (DatasetId[] memory) {
        return _parents[dataset];
    }

    function offerById(OfferId offer) external view returns (IOffers.Offer memory) {
        return _offers[offer];
    }

    function licenceById(LicenceId licence) external view returns (ILicences.Licence memory) {
        return _licences[licence];
    }

    function escrowOf(LicenceId licence) external view returns (IBenefits.Escrow memory) {
        return _escrows[licence];
    }

    function deliveryOf(LicenceId licence) external view returns (IKeyExchange.Delivery memory) {
        return _deliveries[licence];
    }

    function windows() external view returns (ILicences.Windows memory) {
        return _windows;
    }

    function _learnMember(bytes32[] memory topics, bytes memory data) private {
        MemberId id = MemberId.wrap(uint32(_number(topics, 1)));
        address account = address(uint160(_number(topics, 2)));
        if (topics[0] == IMembers.MemberAdmitted.selector) {
            (MemberKinds kinds, bytes2 country, bytes32 metadata,) =
                abi.decode(data, (MemberKinds, bytes2, bytes32, string));
            _members[id] =
                IMembers.Member(account, MemberStatus.Active, kinds, country, uint40(block.timestamp), metadata);
            ++memberCount;
        } else if (topics[0] == IMembers.MemberStatusChanged.selector) {
            _members[id].status = abi.decode(data, (MemberStatus));
        } else if (topics[0] == IMembers.MemberKindsChanged.selector) {
            _members[id].kinds = abi.decode(data, (MemberKinds));
        } else if (topics[0] == IMembers.MemberDescribed.selector) {
            (_members[id].metadataDigest,) = abi.decode(data, (bytes32, string));
        } else if (topics[0] == IMembers.AccountAdded.selector) {
            accountOf[account] = id;
        } else if (topics[0] == IMembers.AccountRemoved.selector) {
            if (accountOf[account] == id) accountOf[account] = MemberId.wrap(0);
        } else if (topics[0] == IMembers.PrincipalChanged.selector) {
            _members[id].principal = account;
        } else if (topics[0] == IMembers.DeliveryKeyChanged.selector) {
            deliveryKeyOf[id] = keccak256(data);
        }
    }

    function _learnDataset(bytes32[] memory topics, bytes memory data) private {
        DatasetId id = DatasetId.wrap(uint64(_number(topics, 1)));
        if (topics[0] == IDatasets.DatasetRegistered.selector) {
            _learnRegistration(
                id, MemberId.wrap(uint32(_number(topics, 2))), abi.decode(data, (IDatasets.Registration))
            );
        } else if (topics[0] == IDatasets.HolderChanged.selector) {
            assertMember(_datasets[id].holder, MemberId.wrap(uint32(_number(topics, 2))));
            _datasets[id].holder = MemberId.wrap(uint32(_number(topics, 3)));
        } else if (topics[0] == IDatasets.EmbargoShortened.selector) {
            uint40 embargoUntil = abi.decode(data, (uint40));
            assertTrue(embargoUntil < _datasets[id].embargoUntil, "an embargo never grows");
            _datasets[id].embargoUntil = embargoUntil;
        } else if (topics[0] == IDatasets.DatasetStatusChanged.selector) {
            _learnStatus(id, abi.decode(data, (DatasetStatus)));
        } else if (topics[0] == IOffers.OfferPublished.selector) {
            (bytes32 digest, Terms memory terms) = abi.decode(data, (bytes32, Terms));
            _offers[OfferId.wrap(DatasetId.unwrap(id))] = IOffers.Offer({
                dataset: DatasetId.wrap(uint64(_number(topics, 2))),
                price: terms.price,
                duration: terms.duration,
                open: true,
                token: terms.token,
                shares: terms.shares,
                duoCodes: terms.duoCodes,
                country: terms.country,
                moratoriumUntil: terms.moratoriumUntil,
                termsDigest: digest
            });
            ++offerCount;
        } else if (topics[0] == IOffers.OfferWithdrawn.selector) {
            _offers[OfferId.wrap(DatasetId.unwrap(id))].open = false;
        }
    }

    function _learnRegistration(DatasetId id, MemberId holder, IDatasets.Registration memory stated) private {
        _datasets[id] = IDatasets.Dataset({
            collector: stated.collector,
            holder: holder,
            size: stated.size,
            registeredAt: uint40(block.timestamp),
            embargoUntil: stated.embargoUntil,
            funding: stated.funding,
            tier: stated.tier,
            status: DatasetStatus.Active,
            humanGeneticResources: stated.humanGeneticResources,
            manifestCodec: stated.manifestCodec,
            manifestDigest: stated.manifestDigest,
            metadataDigest: stated.metadataDigest,
            keyCommitment: stated.keyCommitment,
            attributionDigest: keccak256(bytes(stated.attribution))
        });
        supersedes[id] = stated.supersedes;
        if (!stated.supersedes.isNoDataset()) supersededBy[stated.supersedes] = id;
        _parents[id] = stated.parents;
        byManifest[stated.manifestDigest] = id;
        ++datasetCount;
    }

    function _learnStatus(DatasetId id, DatasetStatus status) private {
        IDatasets.Dataset storage dataset = _datasets[id];
        if (dataset.status == DatasetStatus.Revoked) byManifest[dataset.manifestDigest] = id;
        else if (status == DatasetStatus.Withdrawn) withdrawnBy[id] = dataset.holder;
        if (status == DatasetStatus.Active) withdrawnBy[id] = MemberId.wrap(0);
        dataset.status = status;
    }

    function _learnLicence(bytes32[] memory topics, bytes memory data) private {
        LicenceId id = LicenceId.wrap(uint64(_number(topics, 1)));
        ILicences.Licence storage licence = _licences[id];
        if (topics[0] == ILicences.LicenceApplied.selector) {
            (MemberId licensee,) = abi.decode(data, (MemberId, bytes32));
            assertEq(LicenceId.unwrap(id), ++licenceCount, "ids follow one another");
            (licence.offer, licence.licensee) = (OfferId.wrap(uint64(_number(topics, 2))), licensee);
            licence.stage = LicenceState.Applied;
        } else if (topics[0] == ILicences.LicenceApproved.selector) {
            licence.licensor = MemberId.wrap(uint32(_number(topics, 2)));
            licence.purposeDigest = abi.decode(data, (bytes32));
            licence.stage = LicenceState.Approved;
        } else if (topics[0] == ILicences.LicenceRejected.selector) {
            licence.stage = LicenceState.Rejected;
        } else if (topics[0] == ILicences.LicenceCancelled.selector) {
            licence.stage = LicenceState.Cancelled;
        } else if (topics[0] == ILicences.LicenceAgreed.selector) {
            _learnAgreement(licence, data);
        } else if (topics[0] == ILicences.LicencePaid.selector) {
            (, licence.deadline) = abi.decode(data, (uint128, uint40));
            licence.stage = LicenceState.Paid;
        } else if (topics[0] == ILicences.LicenceDelivered.selector) {
            (licence.deadline, licence.expiresAt) = abi.decode(data, (uint40, uint40));
            licence.stage = LicenceState.Delivered;
        } else if (topics[0] == ILicences.LicenceAccepted.selector) {
            licence.stage = LicenceState.Active;
        } else if (topics[0] == ILicences.LicenceSettled.selector) {
            assertFalse(settled[id], "settled at most once");
            (settled[id], licence.stage) = (true, LicenceState.Active);
        } else if (topics[0] == ILicences.LicenceRefunded.selector) {
            assertFalse(settled[id], "never refunded and settled");
            licence.stage = LicenceState.Refunded;
        } else if (topics[0] == ILicences.LicenceRenewed.selector) {
            (, licence.expiresAt) = abi.decode(data, (uint128, uint40));
            licence.stage = LicenceState.Active;
        } else if (topics[0] == ILicences.WindowsChanged.selector) {
            _windows = abi.decode(data, (ILicences.Windows));
        } else if (topics[0] == IKeyExchange.KeyDelivered.selector) {
            (bytes32 wrapped, uint8 prefix, uint256 x) = abi.decode(data, (bytes32, uint8, uint256));
            _deliveries[id] = IKeyExchange.Delivery(wrapped, x, prefix, uint40(block.timestamp));
        }
    }

    function _learnAgreement(ILicences.Licence storage licence, bytes memory data) private {
        (bytes32 digest, ILicences.Agreement memory agreement,,, uint40 due) =
            abi.decode(data, (bytes32, ILicences.Agreement, ILicences.PartySignature, ILicences.PartySignature, uint40));
        licence.agreementDigest = digest;
        licence.deliveryKeyDigest = keccak256(abi.encode(agreement.deliveryKeyX, agreement.deliveryKeyY));
        (licence.stage, licence.deadline) = (LicenceState.Agreed, due);
    }

    function _learnMoney(bytes32[] memory topics, bytes memory data) private {
        LicenceId id = LicenceId.wrap(uint64(_number(topics, 1)));
        if (topics[0] == IBenefits.EscrowInvoiced.selector) {
            _escrows[id] = IBenefits.Escrow({
                token: address(uint160(_number(topics, 2))),
                payer: MemberId.wrap(uint32(_number(topics, 3))),
                status: EscrowStatus.Invoiced,
                amount: abi.decode(data, (uint128))
            });
        } else if (topics[0] == IBenefits.EscrowFunded.selector) {
            _pass(id, EscrowStatus.Invoiced, EscrowStatus.Funded);
        } else if (topics[0] == IBenefits.EscrowCancelled.selector) {
            _pass(id, EscrowStatus.Invoiced, EscrowStatus.Cancelled);
        } else if (topics[0] == IBenefits.EscrowSettled.selector) {
            _pass(id, EscrowStatus.Funded, EscrowStatus.Settled);
        } else if (topics[0] == IBenefits.EscrowRefunded.selector) {
            _pass(id, EscrowStatus.Funded, EscrowStatus.Refunded);
        } else if (topics[0] == IBenefits.Credited.selector) {
            MemberId member = MemberId.wrap(uint32(_number(topics, 1)));
            balanceOf[member][address(uint160(_number(topics, 2)))] += abi.decode(data, (uint256));
        } else if (topics[0] == IBenefits.Withdrawn.selector) {
            MemberId member = MemberId.wrap(uint32(_number(topics, 1)));
            balanceOf[member][address(uint160(_number(topics, 2)))] -= abi.decode(data, (uint256));
        } else if (topics[0] == IBenefits.TokenAllowed.selector) {
            allowed[address(uint160(_number(topics, 1)))] = abi.decode(data, (bool));
        }
    }

    function _pass(LicenceId id, EscrowStatus from, EscrowStatus to) private {
        assertEq(uint256(_escrows[id].status), uint256(from), "an escrow moves one way");
        _escrows[id].status = to;
    }

    function _number(bytes32[] memory topics, uint256 index) private pure returns (uint256) {
        return index < topics.length ? uint256(topics[index]) : 0;
    }

    function assertMember(MemberId left, MemberId right) private pure {
        assertEq(MemberId.unwrap(left), MemberId.unwrap(right), "member");
    }
}
