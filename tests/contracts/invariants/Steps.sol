// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {DatasetId, LicenceId, MemberId, OfferId} from "../../../contracts/types/Ids.sol";
import {DatasetStatus, LicenceState, MemberStatus} from "../../../contracts/types/States.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {World} from "../support/World.sol";

/// @title The steps of a licence, each taken if the rules allow it
/// @notice What the handler's acts are made of, and how they find what they can act upon.
abstract contract Steps is World {
    uint256 private constant MAX_LICENCES = 40;

    mapping(string act => uint256) public count;
    mapping(address token => uint256) public paidIn;

    mapping(OfferId offer => Terms) internal _terms;

    function _applicant(uint256 seed) internal view returns (address) {
        return seed % 2 == 0 ? COMPANY : INSTITUTE;
    }

    function _advance(LicenceId licence, uint256 seed) internal {
        LicenceState state = licences.stateOf(licence);
        if (state == LicenceState.Applied) _approveIt(licence);
        else if (state == LicenceState.Approved) _agreeIt(licence);
        else if (state == LicenceState.Agreed) _payIt(licence, seed % 2 == 0);
        else if (state == LicenceState.Paid) _deliverIt(licence);
        else if (state == LicenceState.Delivered) _acceptIt(licence);
    }

    function _applyAny(uint256 seed) internal returns (LicenceId licence) {
        if (offers.offerCount() == 0 || licences.licenceCount() >= MAX_LICENCES) return licence;
        address applicant = _applicant(seed);
        MemberId member = members.memberOf(applicant);
        for (uint64 i = 0; i < offers.offerCount(); ++i) {
            OfferId offer = OfferId.wrap(uint64((seed % offers.offerCount() + i) % offers.offerCount() + 1));
            IDatasets.Dataset memory dataset = datasets.datasetById(offers.datasetOf(offer));
            bool licensable = dataset.status == DatasetStatus.Active && dataset.embargoUntil <= block.timestamp;
            if (!licensable || !offers.offerById(offer).open || dataset.holder == member || !_isActive(member)) {
                continue;
            }
            return _apply(applicant, offer);
        }
    }

    function _approveIt(LicenceId licence) internal {
        MemberId holder = _holderOf(licence);
        if (!_isActive(holder) || holder == licences.licenceById(licence).licensee) return;
        vm.prank(members.principalOf(holder));
        licences.approveApplication(licence, PURPOSE);
    }

    function _agreeIt(LicenceId licence) internal {
        ILicences.Licence memory record = licences.licenceById(licence);
        IDatasets.Dataset memory dataset = datasets.datasetById(_datasetOf(licence));
        bool concludable = offers.offerById(record.offer).open && dataset.status == DatasetStatus.Active
            && dataset.embargoUntil <= block.timestamp && dataset.holder == record.licensor
            && _isActive(record.licensor) && _isActive(record.licensee);
        if (!concludable) return;
        (, bytes32 digest) = licences.agreementOf(licence, _terms[record.offer], soon());
        licences.agree(
            licence,
            _terms[record.offer],
            soon(),
            signed(_keyOf(record.licensor), digest),
            signed(_keyOf(record.licensee), digest)
        );
    }

    function _payIt(LicenceId licence, bool withPermit) internal {
        MemberId licensee = licences.licenceById(licence).licensee;
        IBenefits.Escrow memory escrow = benefits.escrowOf(licence);
        if (!_isActive(licensee) || !datasets.isAvailable(_datasetOf(licence))) return;
        address payer = members.principalOf(licensee);
        if (withPermit && escrow.token == address(token)) {
            IBenefits.Permit memory permit = permitted(_keyOf(licensee), escrow.amount, block.timestamp);
            vm.prank(payer);
            licences.payWithPermit(licence, permit);
        } else {
            _allow(licence, escrow.amount);
            vm.prank(payer);
            licences.pay(licence);
        }
        paidIn[escrow.token] += escrow.amount;
        ++count["paid"];
    }

    function _deliverIt(LicenceId licence) internal {
        if (!_isDeliverable(licence)) return;
        vm.prank(members.principalOf(licences.licenceById(licence).licensor));
        keyExchange.deliver(licence, WRAPPED_KEY, 2, GENERATOR_X);
        ++count["delivered"];
    }

    function _acceptIt(LicenceId licence) internal {
        vm.prank(_licenseeOf(licence));
        licences.accept(licence);
    }

    function _allow(LicenceId licence, uint256 amount) internal {
        address money = offers.offerById(licences.licenceById(licence).offer).token;
        if (money == address(0)) return;
        vm.prank(_licenseeOf(licence));
        IERC20(money).approve(address(benefits), amount);
    }

    /// @dev The first licence from a place that depends on the seed, in one of the wanted states.
    function _find(uint256 seed, uint256 wanted) internal view returns (LicenceId licence) {
        uint64 total = licences.licenceCount();
        for (uint64 i = 0; i < total; ++i) {
            licence = LicenceId.wrap(uint64((seed % total + i) % total + 1));
            if (wanted >> uint8(licences.stateOf(licence)) & 1 == 1) return licence;
        }
        return LicenceId.wrap(0);
    }

    function _dataset(uint256 seed) internal view returns (DatasetId) {
        return DatasetId.wrap(uint64(seed % datasets.datasetCount() + 1));
    }

    function _offer(uint256 seed) internal view returns (OfferId) {
        return OfferId.wrap(uint64((seed >> 8) % offers.offerCount() + 1));
    }

    function _datasetOf(LicenceId licence) internal view returns (DatasetId) {
        return offers.datasetOf(licences.licenceById(licence).offer);
    }

    function _holderOf(LicenceId licence) internal view returns (MemberId) {
        return datasets.holderOf(_datasetOf(licence));
    }

    function _licenseeOf(LicenceId licence) internal view returns (address) {
        return members.principalOf(licences.licenceById(licence).licensee);
    }

    function _isDeliverable(LicenceId licence) internal view returns (bool) {
        return datasets.isDeliverableBy(_datasetOf(licence), licences.licenceById(licence).licensor);
    }

    function _isActive(MemberId member) internal view returns (bool) {
        return members.memberById(member).status == MemberStatus.Active;
    }

    function _keyOf(MemberId member) internal pure returns (uint256) {
        if (member == HOSPITAL_ID) return HOSPITAL_KEY;
        return member == INSTITUTE_ID ? INSTITUTE_KEY : COMPANY_KEY;
    }
}
