// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {IBenefits} from "../interfaces/IBenefits.sol";
import {IDatasets} from "../interfaces/IDatasets.sol";
import {ILicences} from "../interfaces/ILicences.sol";
import {IMembers} from "../interfaces/IMembers.sol";
import {IOffers} from "../interfaces/IOffers.sol";
import {DatasetId, LicenceId, MemberId, OfferId} from "../types/Ids.sol";
import {Kinds} from "../types/Kinds.sol";
import {EscrowStatus, LicenceState} from "../types/States.sol";
import {Terms} from "../types/Terms.sol";
import {AgreementHash} from "./AgreementHash.sol";
import {Lifecycle} from "./Lifecycle.sol";
import {Soulbound} from "./Soulbound.sol";

/// @title Licences
/// @notice From application to expiry, as {ILicences} states it.
/// @dev What is stored, and the state that follows from it, is in {Lifecycle}.
contract Licences is ILicences, Soulbound, EIP712, AccessManaged {
    using Lifecycle for Lifecycle.Record;

    uint256 private constant APPLIED = 1 << uint8(LicenceState.Applied);
    uint256 private constant APPROVED = 1 << uint8(LicenceState.Approved);
    uint256 private constant AGREED = 1 << uint8(LicenceState.Agreed);
    uint256 private constant LAPSED = 1 << uint8(LicenceState.Lapsed);
    uint256 private constant PAID = 1 << uint8(LicenceState.Paid);
    uint256 private constant OVERDUE = 1 << uint8(LicenceState.Overdue);
    uint256 private constant DELIVERED = 1 << uint8(LicenceState.Delivered);
    uint256 private constant ACTIVE = 1 << uint8(LicenceState.Active);
    uint256 private constant EXPIRED = 1 << uint8(LicenceState.Expired);

    uint32 private constant MIN_WINDOW = 1 minutes;
    uint32 private constant MAX_WINDOW = 90 days;
    /// @dev Wallets of several keys (ERC-1271) need more than one signature's 65 bytes.
    uint256 private constant MAX_SIGNATURE = 1024;

    IMembers private immutable _members;
    IDatasets private immutable _datasets;
    IOffers private immutable _offers;
    IBenefits private immutable _benefits;
    address private immutable _keyExchange;

    uint64 private _licenceCount;
    uint32 private _paymentWindow;
    uint32 private _deliveryWindow;
    uint32 private _acceptanceWindow;

    mapping(LicenceId licence => Lifecycle.Record) private _licences;

    /// @notice Binds the contract to those it works with, for ever.
    /// @param keyExchange_ Address at which {IKeyExchange} will be deployed, which refuses to be deployed elsewhere.
    constructor(
        address authority_,
        IMembers members,
        IDatasets datasets,
        IOffers offers,
        IBenefits benefits,
        address keyExchange_,
        Windows memory windows_
    ) Soulbound("Data Licence", "LICENCE") EIP712("Research Data Ledger", "1") AccessManaged(authority_) {
        _members = members;
        _datasets = datasets;
        _offers = offers;
        _benefits = benefits;
        _keyExchange = keyExchange_;
        if (benefits.licences() != address(this)) revert BenefitsBoundElsewhere(benefits.licences());
        _setWindows(windows_);
    }

    /// @inheritdoc ILicences
    function applyFor(OfferId offer, bytes32 purposeDigest) external returns (LicenceId licence) {
        if (purposeDigest == 0) revert PurposeMissing();
        MemberId licensee = _members.activeMemberOf(msg.sender);
        DatasetId dataset = _offers.requireOpen(offer);
        if (_datasets.requireLicensable(dataset) == licensee) revert OwnDataset(dataset, licensee);

        licence = LicenceId.wrap(++_licenceCount);
        Lifecycle.Record storage record = _licences[licence];
        (record.offer, record.licensee, record.stage) = (offer, licensee, LicenceState.Applied);
        emit LicenceApplied(licence, offer, dataset, licensee, purposeDigest);
    }

    /// @inheritdoc ILicences
    function approveApplication(LicenceId licence, bytes32 purposeDigest) external {
        Lifecycle.Record storage record = _require(licence, APPLIED);
        MemberId licensor = _members.activeMemberOf(msg.sender);
        DatasetId dataset = _requireHolder(record, licensor);
        if (licensor == record.licensee) revert OwnDataset(dataset, licensor);
        if (purposeDigest == 0) revert PurposeMissing();

        (record.licensor, record.stage) = (licensor, LicenceState.Approved);
        record.purposeDigest = purposeDigest;
        emit LicenceApproved(licence, licensor, purposeDigest);
    }

    /// @inheritdoc ILicences
    function reject(LicenceId licence, bytes32 reasonsDigest) external {
        Lifecycle.Record storage record = _require(licence, APPLIED | APPROVED);
        _requireHolder(record, _members.memberOf(msg.sender));

        record.stage = LicenceState.Rejected;
        emit LicenceRejected(licence, reasonsDigest);
    }

    /// @inheritdoc ILicences
    function cancel(LicenceId licence) external {
        Lifecycle.Record storage record = _require(licence, APPLIED | APPROVED | AGREED | LAPSED);
        _requireLicensee(licence, record, _members.memberOf(msg.sender));
        bool invoiced = record.stage == LicenceState.Agreed;

        record.stage = LicenceState.Cancelled;
        emit LicenceCancelled(licence);

        if (invoiced) _benefits.cancel(licence);
    }

    /// @inheritdoc ILicences
    function agree(
        LicenceId licence,
        Terms calldata terms,
        uint40 deadline,
        PartySignature calldata licensor,
        PartySignature calldata licensee
    ) external {
        Lifecycle.Record storage record = _require(licence, APPROVED);
        if (block.timestamp > deadline) revert AgreementExpired(licence, deadline);
        (Agreement memory agreement, bytes32 digest) = _agreement(licence, record, terms, deadline);
        _requireConcludable(agreement);
        _requireSignature(licence, agreement.licensor, digest, licensor);
        _requireSignature(licence, agreement.licensee, digest, licensee);

        record.agreementDigest = digest;
        record.deliveryKeyDigest = keccak256(abi.encode(agreement.deliveryKeyX, agreement.deliveryKeyY));
        record.priced = terms.price != 0;
        uint40 due = record.priced
            ? record.begin(LicenceState.Agreed, _paymentWindow)
            : record.begin(LicenceState.Paid, _deliveryWindow);
        emit LicenceAgreed(licence, digest, agreement, licensor, licensee, record.priced ? due : 0);

        if (record.priced) _benefits.invoice(licence, terms.token, agreement.licensee, terms.price);
        else emit LicencePaid(licence, address(0), 0, due);
    }

    /// @inheritdoc ILicences
    function pay(LicenceId licence) external {
        _pay(licence);
        _benefits.fund(licence, msg.sender);
    }

    /// @inheritdoc ILicences
    function payWithPermit(LicenceId licence, IBenefits.Permit calldata permit) external {
        _pay(licence);
        _benefits.fundWithPermit(licence, msg.sender, permit);
    }

    /// @inheritdoc ILicences
    function recordDelivery(LicenceId licence) external {
        if (msg.sender != _keyExchange) revert NotKeyExchange(msg.sender);
        Lifecycle.Record storage record = _require(licence, PAID);
        IOffers.Offer memory offer = _offers.offerById(record.offer);
        if (!_datasets.isDeliverableBy(offer.dataset, record.licensor)) _refuse(offer.dataset);

        uint40 acceptanceDue = record.begin(LicenceState.Delivered, _acceptanceWindow);
        uint40 expiresAt = uint40(block.timestamp) + offer.duration; // in range for 34,000 years
        record.expiresAt = expiresAt;
        emit LicenceDelivered(licence, acceptanceDue, expiresAt);
        _mint(_members.principalOf(record.licensee), LicenceId.unwrap(licence));
        emit Locked(LicenceId.unwrap(licence));
    }

    /// @inheritdoc ILicences
    function accept(LicenceId licence) external {
        Lifecycle.Record storage record = _require(licence, DELIVERED);
        _requireLicensee(licence, record, _members.memberOf(msg.sender));

        record.stage = LicenceState.Active;
        emit LicenceAccepted(licence);
    }

    /// @inheritdoc ILicences
    function settle(LicenceId licence) external {
        Lifecycle.Record storage record = _require(licence, ACTIVE | EXPIRED);
        if (record.settled) revert IBenefits.EscrowStatusRefused(licence, EscrowStatus.Settled);

        record.stage = LicenceState.Active;
        _settle(licence, record, _offers.offerById(record.offer));
    }

    /// @inheritdoc ILicences
    function refund(LicenceId licence) external {
        Lifecycle.Record storage record = _require(licence, PAID | OVERDUE | DELIVERED);
        if (_members.memberOf(msg.sender) != record.licensor) _requireRefundDue(licence, record);
        bool delivered = record.stage == LicenceState.Delivered;

        record.stage = LicenceState.Refunded;
        emit LicenceRefunded(licence);
        if (delivered) _burn(LicenceId.unwrap(licence));

        if (record.priced) _benefits.refund(licence);
    }

    /// @inheritdoc ILicences
    function renew(LicenceId licence, uint128 limit) external {
        Lifecycle.Record storage record = _require(licence, ACTIVE | EXPIRED);
        _requireLicensee(licence, record, _members.activeMemberOf(msg.sender));
        DatasetId dataset = _offers.requireOpen(record.offer);
        _requireAvailable(dataset);
        IOffers.Offer memory offer = _offers.offerById(record.offer);
        if (offer.price > limit) revert PriceAboveLimit(offer.price, limit);

        uint40 expiresAt = _renewed(licence, record.expiresAt, offer.duration);

        (record.stage, record.expiresAt) = (LicenceState.Active, expiresAt);
        if (!record.settled) _settle(licence, record, offer);
        emit LicenceRenewed(licence, msg.sender, offer.price, expiresAt);

        if (offer.price != 0) {
            IBenefits.Split memory split = _splitOf(offer, _datasets.holderOf(dataset));
            _benefits.collectRenewal(licence, offer.token, msg.sender, offer.price, split);
        }
    }

    /// @inheritdoc ILicences
    function setWindows(Windows calldata windows_) external restricted {
        _setWindows(windows_);
    }

    /// @inheritdoc ILicences
    function licenceById(LicenceId licence) external view returns (Licence memory) {
        return _requireLicence(licence).asLicence();
    }

    /// @inheritdoc ILicences
    function stateOf(LicenceId licence) external view returns (LicenceState) {
        return _requireLicence(licence).stateOf();
    }

    /// @inheritdoc ILicences
    function isInForce(LicenceId licence) external view returns (bool) {
        return _requireLicence(licence).isInForce();
    }

    /// @inheritdoc ILicences
    function agreementOf(LicenceId licence, Terms calldata terms, uint40 deadline)
        external
        view
        returns (Agreement memory agreement, bytes32 digest)
    {
        return _agreement(licence, _requireLicence(licence), terms, deadline);
    }

    /// @inheritdoc ILicences
    function keyExchange() external view returns (address) {
        return _keyExchange;
    }

    /// @inheritdoc ILicences
    function windows() external view returns (Windows memory) {
        return Windows({payment: _paymentWindow, delivery: _deliveryWindow, acceptance: _acceptanceWindow});
    }

    /// @inheritdoc ILicences
    function licenceCount() external view returns (uint64) {
        return _licenceCount;
    }

    /// @dev For a caller that then takes the money, at the price that was invoiced: an offer never changes.
    function _pay(LicenceId licence) private {
        Lifecycle.Record storage record = _require(licence, AGREED);
        _requireLicensee(licence, record, _members.activeMemberOf(msg.sender));
        (DatasetId dataset, uint128 price) = _offers.priceOf(record.offer);
        _requireAvailable(dataset);

        uint40 deliveryDue = record.begin(LicenceState.Paid, _deliveryWindow);
        emit LicencePaid(licence, msg.sender, price, deliveryDue);
    }

    /// @dev The first term's price goes to the licensor that signed and delivered, even if it holds the dataset no
    /// more.
    function _settle(LicenceId licence, Lifecycle.Record storage record, IOffers.Offer memory offer) private {
        record.settled = true;
        emit LicenceSettled(licence);

        if (record.priced) _benefits.settle(licence, _splitOf(offer, record.licensor));
    }

    function _setWindows(Windows memory windows_) private {
        if (!_isWindow(windows_.payment) || !_isWindow(windows_.delivery) || !_isWindow(windows_.acceptance)) {
            revert WindowsInvalid(windows_);
        }

        _paymentWindow = windows_.payment;
        _deliveryWindow = windows_.delivery;
        _acceptanceWindow = windows_.acceptance;
        emit WindowsChanged(windows_);
    }

    function _require(LicenceId licence, uint256 accepted) private view returns (Lifecycle.Record storage record) {
        record = _licences[licence];
        record.requireState(licence, accepted);
    }

    function _requireLicence(LicenceId licence) private view returns (Lifecycle.Record storage record) {
        return _require(licence, type(uint256).max);
    }

    function _requireLicensee(LicenceId licence, Lifecycle.Record storage record, MemberId member) private view {
        MemberId licensee = record.licensee;
        if (member != licensee) revert NotLicensee(licence, licensee, member);
    }

    function _requireHolder(Lifecycle.Record storage record, MemberId member) private view returns (DatasetId dataset) {
        dataset = _offers.datasetOf(record.offer);
        MemberId holder = _datasets.holderOf(dataset);
        if (member != holder) revert IDatasets.NotHolder(dataset, holder, member);
    }

    function _requireAvailable(DatasetId dataset) private view {
        if (!_datasets.isAvailable(dataset)) _refuse(dataset);
    }

    function _refuse(DatasetId dataset) private view {
        revert IDatasets.DatasetNotAvailable(dataset, _datasets.datasetById(dataset).status);
    }

    /// @dev For a caller other than the licensor.
    function _requireRefundDue(LicenceId licence, Lifecycle.Record storage record) private view {
        LicenceState state = record.stateOf();
        if (state == LicenceState.Overdue) return;
        bool deliverable = _datasets.isDeliverableBy(_offers.datasetOf(record.offer), record.licensor);
        if (state == LicenceState.Paid && !deliverable) return;
        revert RefundNotDue(licence, record.deadline);
    }

    /// @dev What was approved must still be on offer, by a licensor that still holds it, between parties in standing.
    function _requireConcludable(Agreement memory agreement) private view {
        _offers.requireOpen(agreement.offer);
        MemberId holder = _datasets.requireLicensable(agreement.dataset);
        if (holder != agreement.licensor) revert IDatasets.NotHolder(agreement.dataset, holder, agreement.licensor);
        _members.requireActive(agreement.licensor, Kinds.ANY);
        _members.requireActive(agreement.licensee, Kinds.ANY);
    }

    function _requireSignature(LicenceId licence, MemberId party, bytes32 digest, PartySignature calldata given)
        private
        view
    {
        uint256 length = given.signature.length;
        if (length > MAX_SIGNATURE) revert SignatureTooLong(licence, party, length, MAX_SIGNATURE);
        if (
            _members.memberOf(given.signer) != party
                || !SignatureChecker.isValidSignatureNow(given.signer, digest, given.signature)
        ) {
            revert SignatureInvalid(licence, party, given.signer);
        }
    }

    function _agreement(LicenceId licence, Lifecycle.Record storage record, Terms calldata terms, uint40 deadline)
        private
        view
        returns (Agreement memory agreement, bytes32 digest)
    {
        IOffers.Offer memory offer = _offers.offerById(record.offer);
        bytes32 termsDigest = AgreementHash.hashTerms(terms);
        if (termsDigest != offer.termsDigest) revert TermsMismatch(record.offer, offer.termsDigest, termsDigest);

        agreement.licence = licence;
        agreement.dataset = offer.dataset;
        agreement.offer = record.offer;
        agreement.licensor = record.licensor;
        agreement.licensee = record.licensee;
        agreement.purposeDigest = record.purposeDigest;
        (agreement.deliveryKeyX, agreement.deliveryKeyY) = _members.deliveryKeyOf(record.licensee);
        agreement.deadline = deadline;
        agreement.terms = terms;
        digest = _hashTypedDataV4(AgreementHash.hashAgreement(agreement, termsDigest));
    }

    function _splitOf(IOffers.Offer memory offer, MemberId holder) private view returns (IBenefits.Split memory) {
        (MemberId collector,) = _datasets.partiesOf(offer.dataset);
        return IBenefits.Split({collector: collector, holder: holder, shares: offer.shares});
    }

    /// @dev The end of one more term, whose sum is in range for 34,000 years.
    function _renewed(LicenceId licence, uint40 expiresAt, uint32 duration) private view returns (uint40) {
        uint40 present = uint40(block.timestamp);
        if (expiresAt > present + duration) revert RenewalTooEarly(licence, expiresAt - duration);
        return (expiresAt > present ? expiresAt : present) + duration;
    }

    function _isWindow(uint32 window) private pure returns (bool) {
        return window >= MIN_WINDOW && window <= MAX_WINDOW;
    }
}
