// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {IOffers} from "../../../contracts/interfaces/IOffers.sol";
import {DatasetId, LicenceId, OfferId} from "../../../contracts/types/Ids.sol";
import {EscrowStatus, LicenceState, MemberStatus} from "../../../contracts/types/States.sol";
import {World} from "../support/World.sol";

/// @title Apply, approve, reject, cancel
contract ApplicationsTest is World {
    // Apply.

    function testFuzz_applyWritesTheRecordAndTells(bytes32 purpose) public {
        vm.assume(purpose != 0);
        OfferId offer = _offered();
        vm.expectEmit(address(licences));
        emit ILicences.LicenceApplied(LicenceId.wrap(1), offer, offers.datasetOf(offer), INSTITUTE_ID, purpose);
        vm.prank(INSTITUTE);
        LicenceId licence = licences.applyFor(offer, purpose);

        ILicences.Licence memory expected;
        (expected.offer, expected.licensee, expected.stage) = (offer, INSTITUTE_ID, LicenceState.Applied);
        assertRecord(licence, expected);
        assertEq(licences.licenceCount(), 1, "count");
        assertEq(uint256(benefits.escrowOf(licence).status), uint256(EscrowStatus.None), "no money moves");
    }

    function test_anyAccountOfAnActiveMemberApplies() public {
        OfferId offer = _offered();
        _join(COMPANY, STRANGER);
        LicenceId licence = _apply(STRANGER, offer);
        assertMember(licences.licenceById(licence).licensee, COMPANY_ID);
    }

    function test_onlyActiveMembersApply() public {
        OfferId offer = _offered();
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, STRANGER));
        _apply(STRANGER, offer);
        _setStatus(INSTITUTE_ID, MemberStatus.Suspended);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, INSTITUTE_ID, MemberStatus.Suspended));
        _apply(INSTITUTE, offer);
    }

    function test_thePurposeIsNamed() public {
        OfferId offer = _offered();
        vm.expectRevert(abi.encodeWithSelector(ILicences.PurposeMissing.selector));
        vm.prank(INSTITUTE);
        licences.applyFor(offer, 0);
    }

    function test_theHolderDoesNotApplyForItsOwn() public {
        OfferId offer = _offered();
        vm.expectRevert(abi.encodeWithSelector(ILicences.OwnDataset.selector, offers.datasetOf(offer), HOSPITAL_ID));
        _apply(HOSPITAL, offer);
    }

    function test_aWithdrawnOfferIsNotAppliedFor() public {
        OfferId offer = _offered();
        vm.prank(HOSPITAL);
        offers.withdraw(offer);
        vm.expectRevert(abi.encodeWithSelector(IOffers.OfferNotOpen.selector, offer));
        _apply(INSTITUTE, offer);
    }

    function testFuzz_neverDuringTheEmbargo(uint40 embargoUntil, uint40 time) public {
        IDatasets.Registration memory stated = registration();
        stated.embargoUntil = embargoUntil;
        DatasetId dataset = _register(HOSPITAL, stated);
        OfferId offer = _publish(HOSPITAL, dataset, terms());
        vm.warp(bound(time, START, type(uint40).max - 1));

        if (block.timestamp < embargoUntil) {
            vm.expectRevert(abi.encodeWithSelector(IDatasets.EmbargoInForce.selector, dataset, embargoUntil));
        }
        _apply(INSTITUTE, offer);
    }

    // Approve.

    function test_approveFixesLicensorAndPurpose() public {
        LicenceId licence = _applied();
        bytes32 narrower = keccak256("survival after surgery, cohort of 1986 only");
        vm.expectEmit(address(licences));
        emit ILicences.LicenceApproved(licence, HOSPITAL_ID, narrower);
        vm.prank(HOSPITAL);
        licences.approveApplication(licence, narrower);

        ILicences.Licence memory expected;
        (expected.offer, expected.licensee, expected.stage) = (OfferId.wrap(1), INSTITUTE_ID, LicenceState.Approved);
        (expected.licensor, expected.purposeDigest) = (HOSPITAL_ID, narrower);
        assertRecord(licence, expected);
    }

    function test_onlyTheActiveHolderApproves() public {
        LicenceId licence = _applied();
        expectNotHolder(DatasetId.wrap(1), INSTITUTE_ID);
        vm.prank(INSTITUTE);
        licences.approveApplication(licence, PURPOSE);
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, OPERATOR));
        vm.prank(OPERATOR);
        licences.approveApplication(licence, PURPOSE);

        _setStatus(HOSPITAL_ID, MemberStatus.Suspended);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, HOSPITAL_ID, MemberStatus.Suspended));
        _approve(licence);
    }

    function test_anApprovalNamesThePurpose() public {
        LicenceId licence = _applied();
        vm.expectRevert(abi.encodeWithSelector(ILicences.PurposeMissing.selector));
        vm.prank(HOSPITAL);
        licences.approveApplication(licence, 0);
    }

    function test_theNewHolderApproves() public {
        LicenceId licence = _apply(COMPANY, _offered());
        _transferToInstitute();
        vm.expectRevert(
            abi.encodeWithSelector(IDatasets.NotHolder.selector, DatasetId.wrap(1), INSTITUTE_ID, HOSPITAL_ID)
        );
        _approve(licence);
        vm.prank(INSTITUTE);
        licences.approveApplication(licence, PURPOSE);
        assertMember(licences.licenceById(licence).licensor, INSTITUTE_ID);
    }

    function test_anApplicantThatBecameTheHolderDoesNotLicenseToItself() public {
        LicenceId licence = _applied();
        _transferToInstitute();
        vm.expectRevert(abi.encodeWithSelector(ILicences.OwnDataset.selector, DatasetId.wrap(1), INSTITUTE_ID));
        vm.prank(INSTITUTE);
        licences.approveApplication(licence, PURPOSE);
    }

    // Reject.

    function test_theHolderRejectsAnApplication() public {
        LicenceId licence = _applied();
        vm.expectEmit(address(licences));
        emit ILicences.LicenceRejected(licence, REASONS);
        _reject(HOSPITAL, licence);
        assertState(licence, LicenceState.Rejected);
    }

    function test_theHolderTakesAnApprovalBack() public {
        LicenceId licence = _approved();
        _reject(HOSPITAL, licence);
        assertState(licence, LicenceState.Rejected);
    }

    function test_onlyTheHolderRejects() public {
        LicenceId licence = _applied();
        expectNotHolder(DatasetId.wrap(1), INSTITUTE_ID);
        _reject(INSTITUTE, licence);
        expectNotHolder(DatasetId.wrap(1), NOBODY);
        _reject(STRANGER, licence);
    }

    function test_aSuspendedHolderRejects() public {
        LicenceId licence = _approved();
        _setStatus(HOSPITAL_ID, MemberStatus.Suspended);
        _reject(HOSPITAL, licence);
    }

    // Cancel.

    function test_theLicenseeCancelsBeforeTheAgreement() public {
        LicenceId licence = _applied();
        vm.expectEmit(address(licences));
        emit ILicences.LicenceCancelled(licence);
        _cancel(INSTITUTE, licence);
        assertState(licence, LicenceState.Cancelled);

        licence = _approved();
        _cancel(INSTITUTE, licence);
        assertState(licence, LicenceState.Cancelled);
    }

    function test_theLicenseeCancelsAnUnpaidAgreement() public {
        LicenceId licence = _agreed();
        vm.expectEmit(address(benefits));
        emit IBenefits.EscrowCancelled(licence);
        _cancel(INSTITUTE, licence);
        assertState(licence, LicenceState.Cancelled);
        assertEq(uint256(benefits.escrowOf(licence).status), uint256(EscrowStatus.Cancelled), "escrow");
    }

    function test_theLicenseeCancelsALapsedAgreement() public {
        LicenceId licence = _agreed();
        vm.warp(START + PAYMENT_WINDOW + 1);
        assertState(licence, LicenceState.Lapsed);
        _cancel(INSTITUTE, licence);
        assertState(licence, LicenceState.Cancelled);
        assertEq(uint256(benefits.escrowOf(licence).status), uint256(EscrowStatus.Cancelled), "escrow");
    }

    function test_onlyTheLicenseeCancels() public {
        LicenceId licence = _agreed();
        vm.expectRevert(abi.encodeWithSelector(ILicences.NotLicensee.selector, licence, INSTITUTE_ID, HOSPITAL_ID));
        _cancel(HOSPITAL, licence);
        vm.expectRevert(abi.encodeWithSelector(ILicences.NotLicensee.selector, licence, INSTITUTE_ID, NOBODY));
        _cancel(STRANGER, licence);
    }

    function test_aSuspendedLicenseeCancels() public {
        LicenceId licence = _agreed();
        _setStatus(INSTITUTE_ID, MemberStatus.Expelled);
        _cancel(INSTITUTE, licence);
    }

    function _reject(address caller, LicenceId licence) private {
        vm.prank(caller);
        licences.reject(licence, REASONS);
    }

    function _cancel(address caller, LicenceId licence) private {
        vm.prank(caller);
        licences.cancel(licence);
    }

    function _transferToInstitute() private {
        vm.prank(HOSPITAL);
        datasets.transferFrom(HOSPITAL, INSTITUTE, 1);
    }
}
