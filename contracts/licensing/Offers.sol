// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBenefits} from "../interfaces/IBenefits.sol";
import {IDatasets} from "../interfaces/IDatasets.sol";
import {IMembers} from "../interfaces/IMembers.sol";
import {IOffers} from "../interfaces/IOffers.sol";
import {Countries} from "../types/Countries.sol";
import {DatasetId, MemberId, OfferId} from "../types/Ids.sol";
import {Kinds} from "../types/Kinds.sol";
import {DuoCodes, Shares, Terms} from "../types/Terms.sol";
import {AgreementHash} from "./AgreementHash.sol";
import {DataUse} from "./DataUse.sol";

/// @title Offers
/// @notice Terms on which datasets may be licensed, as {IOffers} states them.
contract Offers is IOffers {
    uint256 private constant MAX_BATCH = 100;
    uint256 private constant BASIS = 10_000;
    uint32 private constant MIN_DURATION = 1 days;
    uint32 private constant MAX_DURATION = 100 * 365 days;

    /// @dev {Offer}, in four slots.
    struct Record {
        DatasetId dataset;
        uint128 price;
        uint32 duration;
        bool open;
        // second slot
        address token;
        bytes2 country;
        uint40 moratoriumUntil;
        // third slot
        MemberId fund;
        MemberId platform;
        uint16 collectorShare;
        uint16 holderShare;
        uint16 fundShare;
        uint16 platformShare;
        DuoCodes duoCodes;
        // fourth slot
        bytes32 termsDigest;
    }

    IMembers private immutable _members;
    IDatasets private immutable _datasets;
    IBenefits private immutable _benefits;

    uint64 private _offerCount;
    mapping(OfferId offer => Record) private _offers;

    constructor(IMembers members, IDatasets datasets, IBenefits benefits) {
        _members = members;
        _datasets = datasets;
        _benefits = benefits;
    }

    /// @inheritdoc IOffers
    function publish(Publication[] calldata publications) external returns (OfferId first) {
        uint256 size = publications.length;
        if (size == 0 || size > MAX_BATCH) revert BatchSizeInvalid(size);
        MemberId member = _members.activeMemberOf(msg.sender);

        uint64 count = _offerCount;
        first = OfferId.wrap(count + 1);
        for (uint256 i = 0; i < size; ++i) {
            _publish(OfferId.wrap(++count), member, publications[i].dataset, publications[i].terms);
        }
        _offerCount = count;
    }

    /// @inheritdoc IOffers
    function withdraw(OfferId offer) external {
        Record storage record = _requireOpen(offer);
        _requireHolder(record.dataset, _members.memberOf(msg.sender));

        record.open = false;
        emit OfferWithdrawn(offer);
    }

    /// @inheritdoc IOffers
    function offerById(OfferId offer) external view returns (Offer memory) {
        Record storage record = _requireOffer(offer);
        return Offer({
            dataset: record.dataset,
            price: record.price,
            duration: record.duration,
            open: record.open,
            token: record.token,
            shares: Shares({
                fund: record.fund,
                platform: record.platform,
                collectorShare: record.collectorShare,
                holderShare: record.holderShare,
                fundShare: record.fundShare,
                platformShare: record.platformShare
            }),
            duoCodes: record.duoCodes,
            country: record.country,
            moratoriumUntil: record.moratoriumUntil,
            termsDigest: record.termsDigest
        });
    }

    /// @inheritdoc IOffers
    function requireOpen(OfferId offer) external view returns (DatasetId dataset) {
        return _requireOpen(offer).dataset;
    }

    /// @inheritdoc IOffers
    function datasetOf(OfferId offer) external view returns (DatasetId) {
        return _requireOffer(offer).dataset;
    }

    /// @inheritdoc IOffers
    function priceOf(OfferId offer) external view returns (DatasetId dataset, uint128 price) {
        Record storage record = _requireOffer(offer);
        return (record.dataset, record.price);
    }

    /// @inheritdoc IOffers
    function hashTerms(Terms calldata terms) external pure returns (bytes32) {
        return AgreementHash.hashTerms(terms);
    }

    /// @inheritdoc IOffers
    function offerCount() external view returns (uint64) {
        return _offerCount;
    }

    function _publish(OfferId offer, MemberId member, DatasetId dataset, Terms calldata terms) private {
        _requireHolder(dataset, member);
        if (!_datasets.isAvailable(dataset)) {
            revert IDatasets.DatasetNotAvailable(dataset, _datasets.datasetById(dataset).status);
        }
        _requireConditions(terms);
        _requireShares(terms.shares);
        _requirePrice(terms);

        bytes32 termsDigest = AgreementHash.hashTerms(terms);
        Shares calldata shares = terms.shares;
        _offers[offer] = Record({
            dataset: dataset,
            price: terms.price,
            duration: terms.duration,
            open: true,
            token: terms.token,
            country: terms.country,
            moratoriumUntil: terms.moratoriumUntil,
            fund: shares.fund,
            platform: shares.platform,
            collectorShare: shares.collectorShare,
            holderShare: shares.holderShare,
            fundShare: shares.fundShare,
            platformShare: shares.platformShare,
            duoCodes: terms.duoCodes,
            termsDigest: termsDigest
        });
        emit OfferPublished(offer, dataset, termsDigest, terms);
    }

    function _requireOffer(OfferId offer) private view returns (Record storage record) {
        record = _offers[offer];
        if (record.dataset.isNoDataset()) revert OfferUnknown(offer);
    }

    function _requireOpen(OfferId offer) private view returns (Record storage record) {
        record = _offers[offer];
        if (record.open) return record;
        _requireOffer(offer);
        revert OfferNotOpen(offer);
    }

    function _requireHolder(DatasetId dataset, MemberId member) private view {
        MemberId holder = _datasets.holderOf(dataset);
        if (member != holder) revert IDatasets.NotHolder(dataset, holder, member);
    }

    function _requirePrice(Terms calldata terms) private view {
        if ((terms.price == 0) != (terms.token == address(0))) revert PriceWithoutToken(terms.token, terms.price);
        if (terms.price != 0 && !_benefits.isTokenAllowed(terms.token)) revert TokenNotAllowed(terms.token);
    }

    function _requireShares(Shares calldata shares) private view {
        uint256 sum = uint256(shares.collectorShare) + shares.holderShare + shares.fundShare + shares.platformShare;
        bool fundMatches = (shares.fundShare == 0) == shares.fund.isNoMember();
        bool platformMatches = (shares.platformShare == 0) == shares.platform.isNoMember();
        if (sum != BASIS || !fundMatches || !platformMatches) revert SharesInvalid(sum);

        if (!shares.fund.isNoMember()) _members.requireActive(shares.fund, Kinds.FUND);
        if (!shares.platform.isNoMember()) _members.requireActive(shares.platform, Kinds.PLATFORM);
    }

    function _requireConditions(Terms calldata terms) private pure {
        DuoCodes codes = terms.duoCodes;
        if (!DataUse.isWellFormed(codes)) revert DuoCodesInvalid(codes);
        _requireTogether(codes, DataUse.DISEASE_SPECIFIC, terms.diseasesDigest != 0);
        _requireTogether(codes, DataUse.GEOGRAPHICAL, terms.country != 0);
        _requireTogether(codes, DataUse.MORATORIUM, terms.moratoriumUntil != 0);
        if (terms.country != 0 && !Countries.isWellFormed(terms.country)) {
            revert DuoParameterInvalid(DataUse.GEOGRAPHICAL);
        }
        if (terms.duration < MIN_DURATION || terms.duration > MAX_DURATION) revert DurationInvalid(terms.duration);
        if (terms.proseDigest == 0) revert ProseMissing();
    }

    function _requireTogether(DuoCodes codes, uint8 code, bool given) private pure {
        if (codes.has(code) != given) revert DuoParameterInvalid(code);
    }
}
