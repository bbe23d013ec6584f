// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ContractWallet} from "../../../contracts/mocks/ContractWallet.sol";
import {IBenefits} from "../../../contracts/interfaces/IBenefits.sol";
import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {ILicences} from "../../../contracts/interfaces/ILicences.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {IOffers} from "../../../contracts/interfaces/IOffers.sol";
import {DatasetId, LicenceId, OfferId} from "../../../contracts/types/Ids.sol";
import {Kinds} from "../../../contracts/types/Kinds.sol";
import {DatasetStatus, EscrowStatus, LicenceState, MemberStatus} from "../../../contracts/types/States.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {World} from "../support/World.sol";

/// @title Concluding an agreement: what it writes, and when it is refused whatever is signed
contract AgreementsTest is World {
    function test_anAgreementFixesAllThatWasSigned() public {
        LicenceId licence = _approved();
        uint40 deadline = soon();
        (ILicences.Agreement memory agreement, bytes32 digest) = licences.agreementOf(licence, terms(), deadline);
        ILicences.PartySignature memory licensor = signed(HOSPITAL_KEY, digest);
        ILicences.PartySignature memory licensee = signed(INSTITUTE_KEY, digest);
        uint40 due = uint40(START + PAYMENT_WINDOW);

        vm.expectEmit(address(licences));
        emit ILicences.LicenceAgreed(licence, digest, agreement, licensor, licensee, due);
        vm.expectEmit(address(benefits));
        emit IBenefits.EscrowInvoiced(licence, address(token), INSTITUTE_ID, PRICE);
        vm.prank(STRANGER); // whoever has both signatures
        licences.agree(licence, terms(), deadline, licensor, licensee);

        ILicences.Licence memory expected = ILicences.Licence({
            offer: agreement.offer,
            licensee: INSTITUTE_ID,
            licensor: HOSPITAL_ID,
            stage: LicenceState.Agreed,
            deadline: due,
            expiresAt: 0,
            purposeDigest: PURPOSE,
            agreementDigest: digest,
            deliveryKeyDigest: keccak256(abi.encode(agreement.deliveryKeyX, agreement.deliveryKeyY))
        });
        assertRecord(licence, expected);
        IBenefits.Escrow memory escrow = benefits.escrowOf(licence);
        assertEq(escrow.token, address(token), "token");
        assertMember(escrow.payer, INSTITUTE_ID);
        assertEq(escrow.amount, PRICE, "price");
        assertEq(uint256(escrow.status), uint256(EscrowStatus.Invoiced), "escrow");
    }

    function test_theAgreementIsBuiltFromTheLedgersRecords() public {
        LicenceId licence = _approved();
        (ILicences.Agreement memory agreement,) = licences.agreementOf(licence, terms(), soon());
        (uint256 x, uint256 y) = members.deliveryKeyOf(INSTITUTE_ID);
        ILicences.Agreement memory expected = ILicences.Agreement({
            licence: licence,
            dataset: DatasetId.wrap(1),
            offer: licences.licenceById(licence).offer,
            licensor: HOSPITAL_ID,
            licensee: INSTITUTE_ID,
            purposeDigest: PURPOSE,
            deliveryKeyX: x,
            deliveryKeyY: y,
            deadline: soon(),
            terms: terms()
        });
        assertEq(keccak256(abi.encode(agreement)), keccak256(abi.encode(expected)), "agreement");
    }

    function test_aFreeAgreementCountsAsPaid() public {
        LicenceId licence = _approvedFree();
        vm.expectEmit(true, false, false, false, address(licences));
        ILicences.Agreement memory any;
        ILicences.PartySignature memory some;
        emit ILicences.LicenceAgreed(licence, 0, any, some, some, 0);
        vm.expectEmit(address(licences));
        emit ILicences.LicencePaid(licence, address(0), 0, uint40(START + DELIVERY_WINDOW));
        _agree(licence, freeTerms());

        assertState(licence, LicenceState.Paid);
        assertEq(licences.licenceById(licence).deadline, START + DELIVERY_WINDOW, "deadline");
        assertEq(uint256(benefits.escrowOf(licence).status), uint256(EscrowStatus.None), "no escrow");
    }

    // Deadline.

    function testFuzz_signaturesConcludeUntilTheDeadline(uint40 time) public {
        LicenceId licence = _approved();
        uint40 deadline = soon();
        (, bytes32 digest) = licences.agreementOf(licence, terms(), deadline);
        vm.warp(bound(time, START, type(uint40).max - YEAR));
        if (block.timestamp > deadline) {
            vm.expectRevert(abi.encodeWithSelector(ILicences.AgreementExpired.selector, licence, deadline));
        }
        _conclude(licence, deadline, digest);
    }

    function test_theDeadlinesBoundary() public {
        LicenceId first = _approved();
        LicenceId second = _approved();
        uint40 deadline = soon();
        (, bytes32 firstDigest) = licences.agreementOf(first, terms(), deadline);
        (, bytes32 secondDigest) = licences.agreementOf(second, terms(), deadline);

        vm.warp(deadline);
        _conclude(first, deadline, firstDigest);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ILicences.AgreementExpired.selector, second, deadline));
        _conclude(second, deadline, secondDigest);
    }

    // What must still hold when it is concluded.

    function test_aWithdrawnOfferIsNotConcluded() public {
        (LicenceId licence, bytes32 digest) = _ready();
        OfferId offer = licences.licenceById(licence).offer;
        vm.prank(HOSPITAL);
        offers.withdraw(offer);
        vm.expectRevert(abi.encodeWithSelector(IOffers.OfferNotOpen.selector, offer));
        _conclude(licence, soon(), digest);
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_aWithdrawnOrRevokedDatasetIsNotConcluded(bool revoked) public {
        (LicenceId licence, bytes32 digest) = _ready();
        if (revoked) _revoke(DatasetId.wrap(1));
        else _withdraw(DatasetId.wrap(1));
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatasets.DatasetNotAvailable.selector,
                DatasetId.wrap(1),
                revoked ? DatasetStatus.Revoked : DatasetStatus.Withdrawn
            )
        );
        _conclude(licence, soon(), digest);
    }

    function test_aLicensorThatHoldsTheDatasetNoMoreDoesNotConclude() public {
        LicenceId licence = _apply(COMPANY, _offered());
        _approve(licence);
        (, bytes32 digest) = licences.agreementOf(licence, terms(), soon());
        vm.prank(HOSPITAL);
        datasets.transferFrom(HOSPITAL, INSTITUTE, 1);

        ILicences.PartySignature memory licensor = signed(HOSPITAL_KEY, digest);
        ILicences.PartySignature memory licensee = signed(COMPANY_KEY, digest);
        vm.expectRevert(
            abi.encodeWithSelector(IDatasets.NotHolder.selector, DatasetId.wrap(1), INSTITUTE_ID, HOSPITAL_ID)
        );
        licences.agree(licence, terms(), soon(), licensor, licensee);

        // The new holder ends what the old one began.
        vm.prank(INSTITUTE);
        licences.reject(licence, REASONS);
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_aPartyInBadStandingDoesNotConclude(bool licensor, bool expelled) public {
        (LicenceId licence, bytes32 digest) = _ready();
        MemberStatus status = expelled ? MemberStatus.Expelled : MemberStatus.Suspended;
        _setStatus(licensor ? HOSPITAL_ID : INSTITUTE_ID, status);
        vm.expectRevert(
            abi.encodeWithSelector(IMembers.MemberNotActive.selector, licensor ? HOSPITAL_ID : INSTITUTE_ID, status)
        );
        _conclude(licence, soon(), digest);
    }

    function test_aLicenseeWithoutDeliveryKeyDoesNotConclude() public {
        vm.prank(OPERATOR);
        members.admit(admission(STRANGER, Kinds.USER, "Newcomer"));
        LicenceId licence = _apply(STRANGER, _offered());
        _approve(licence);
        bytes memory refusal = abi.encodeWithSelector(IMembers.DeliveryKeyMissing.selector, members.memberOf(STRANGER));
        vm.expectRevert(refusal);
        licences.agreementOf(licence, terms(), soon());
        ILicences.PartySignature memory nothing;
        uint40 deadline = soon();
        vm.expectRevert(refusal);
        licences.agree(licence, terms(), deadline, nothing, nothing);
    }

    /// @dev No field of the terms can differ from what was published: the digest covers them all.
    function testFuzz_otherTermsThanTheOffersAreRefused(uint8 field, uint256 seed) public {
        LicenceId licence = _approved();
        Terms memory other = mutated(terms(), field % TERMS_FIELDS, seed);
        bytes memory refusal = abi.encodeWithSelector(
            ILicences.TermsMismatch.selector,
            licences.licenceById(licence).offer,
            offers.hashTerms(terms()),
            offers.hashTerms(other)
        );
        uint40 deadline = soon();
        ILicences.PartySignature memory nothing;
        vm.expectRevert(refusal);
        licences.agree(licence, other, deadline, nothing, nothing);
        vm.expectRevert(refusal);
        licences.agreementOf(licence, other, deadline);
    }

    // Contract wallets (ERC-1271).

    function test_aContractWalletSignsForItsMember() public {
        ContractWallet wallet = _walletOfHospital(STRANGER);
        (LicenceId licence, bytes32 digest) = _ready();
        ILicences.PartySignature memory licensor = signed(STRANGER_KEY, digest);
        licensor.signer = address(wallet);
        licences.agree(licence, terms(), soon(), licensor, signed(INSTITUTE_KEY, digest));
        assertState(licence, LicenceState.Agreed);
    }

    function test_aContractWalletRefusesWhatItsOwnerDidNotSign() public {
        ContractWallet wallet = _walletOfHospital(STRANGER);
        (LicenceId licence, bytes32 digest) = _ready();
        ILicences.PartySignature memory licensor = signed(COMPANY_KEY, digest);
        licensor.signer = address(wallet);
        _expectSignatureRefused(licence, address(wallet));
        licences.agree(licence, terms(), soon(), licensor, signed(INSTITUTE_KEY, digest));
    }

    function testFuzz_aMisbehavingContractWalletSignsNothing(uint8 seed) public {
        ContractWallet wallet = _walletOfHospital(STRANGER);
        wallet.setManner(ContractWallet.Manner(bound(seed, 1, 5)));
        (LicenceId licence, bytes32 digest) = _ready();
        ILicences.PartySignature memory licensor = signed(STRANGER_KEY, digest);
        licensor.signer = address(wallet);
        _expectSignatureRefused(licence, address(wallet));
        licences.agree(licence, terms(), soon(), licensor, signed(INSTITUTE_KEY, digest));
    }

    function test_aWalletOfNobodySignsNothing() public {
        ContractWallet wallet = new ContractWallet(HOSPITAL);
        (LicenceId licence, bytes32 digest) = _ready();
        ILicences.PartySignature memory licensor = signed(HOSPITAL_KEY, digest);
        licensor.signer = address(wallet);
        _expectSignatureRefused(licence, address(wallet));
        licences.agree(licence, terms(), soon(), licensor, signed(INSTITUTE_KEY, digest));
    }

    function _ready() private returns (LicenceId licence, bytes32 digest) {
        licence = _approved();
        (, digest) = licences.agreementOf(licence, terms(), soon());
    }

    function _approvedFree() private returns (LicenceId licence) {
        licence = _apply(INSTITUTE, _publish(HOSPITAL, _registered(), freeTerms()));
        _approve(licence);
    }

    function _conclude(LicenceId licence, uint40 deadline, bytes32 digest) private {
        licences.agree(licence, terms(), deadline, signed(HOSPITAL_KEY, digest), signed(INSTITUTE_KEY, digest));
    }

    function _walletOfHospital(address owner) private returns (ContractWallet wallet) {
        wallet = new ContractWallet(owner);
        vm.prank(HOSPITAL);
        members.inviteAccount(address(wallet));
        vm.prank(owner);
        wallet.execute(address(members), abi.encodeCall(IMembers.acceptInvitation, (HOSPITAL_ID)));
    }

    function _expectSignatureRefused(LicenceId licence, address signer) private {
        vm.expectRevert(abi.encodeWithSelector(ILicences.SignatureInvalid.selector, licence, HOSPITAL_ID, signer));
    }
}
