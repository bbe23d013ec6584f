// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";

import {DatasetId, LicenceId, MemberId, OfferId} from "../types/Ids.sol";
import {LicenceState} from "../types/States.sol";
import {Terms} from "../types/Terms.sol";
import {IBenefits} from "./IBenefits.sol";
import {IERC5192} from "./IERC5192.sol";

/// @title Licences: from application to expiry (R3.1, R3.2)
/// @notice A licence is a civil contract between two members, signed by both with EIP-712, paid into escrow, and
/// shown by a token that never moves (ERC-721 with ERC-5192), minted when the key is delivered.
///
///     apply ─▶ approve ─▶ agree ─▶ pay ─▶ deliver ─▶ accept ─▶ (renew)
///
/// - States that follow from time are derived, never stored: `Lapsed`, `Overdue`, `Expired`, and `Active` once the
///   acceptance window has passed in silence. {stateOf} tells the state now.
/// - Nobody can lock another's money by going silent. Unpaid agreements lapse; undelivered keys are refunded to the
///   licensee by anyone's call; unanswered deliveries count as accepted and settle by anyone's call.
/// - Deadlines are fixed when a stage begins, so a later change of windows touches no licence under way.
/// - NOT guaranteed: that the licensee uses the data as agreed, or that the data is good.
interface ILicences is IERC721, IERC5192 {
    /// @notice What is stored for a licence.
    /// @param offer The offer it is under.
    /// @param licensee Member that applied.
    /// @param licensor Member that approved: the holder then, which owes the key. None before.
    /// @param stage State last reached by a transaction; {stateOf} tells the state now.
    /// @param deadline Unix time, in seconds, by which the next step is due in the stages Agreed (payment), Paid
    /// (delivery) and Delivered (acceptance).
    /// @param expiresAt Unix time of expiry, in seconds; zero before delivery.
    /// @param purposeDigest sha2-256 digest of the CID of the approved research purpose.
    /// @param agreementDigest EIP-712 digest that both sides signed.
    /// @param deliveryKeyDigest keccak256 of the licensee's delivery key (x ‖ y), fixed in the agreement.
    struct Licence {
        OfferId offer;
        MemberId licensee;
        MemberId licensor;
        LicenceState stage;
        uint40 deadline;
        uint40 expiresAt;
        bytes32 purposeDigest;
        bytes32 agreementDigest;
        bytes32 deliveryKeyDigest;
    }

    /// @notice The contract that both sides sign, as an EIP-712 struct with the terms in full (R3.1).
    /// @param licence The application it concludes: makes every agreement unique.
    /// @param dataset The dataset licensed.
    /// @param offer The offer taken up.
    /// @param licensor The holder.
    /// @param licensee The applicant.
    /// @param purposeDigest sha2-256 digest of the CID of the approved research purpose.
    /// @param deliveryKeyX Licensee's delivery key, x.
    /// @param deliveryKeyY Licensee's delivery key, y.
    /// @param deadline Unix time, in seconds, after which the signatures can no longer conclude an agreement.
    /// @param terms The offer's terms.
    struct Agreement {
        LicenceId licence;
        DatasetId dataset;
        OfferId offer;
        MemberId licensor;
        MemberId licensee;
        bytes32 purposeDigest;
        uint256 deliveryKeyX;
        uint256 deliveryKeyY;
        uint40 deadline;
        Terms terms;
    }

    /// @notice One side's signature.
    /// @param signer Account of the party: its key signed, or it is a contract that accepts by ERC-1271.
    /// @param signature The signature's bytes, at most 1,024.
    struct PartySignature {
        address signer;
        bytes signature;
    }

    /// @notice How long each side has for its next step, in seconds.
    struct Windows {
        uint32 payment;
        uint32 delivery;
        uint32 acceptance;
    }

    /// @notice A member applied under an offer, for the purpose whose document has this digest.
    /// @param licence The licence.
    /// @param offer The offer.
    /// @param dataset The dataset.
    /// @param licensee Member that applied.
    /// @param purposeDigest sha2-256 digest of the CID of the research purpose.
    event LicenceApplied(
        LicenceId indexed licence,
        OfferId indexed offer,
        DatasetId indexed dataset,
        MemberId licensee,
        bytes32 purposeDigest
    );

    /// @notice The holder approved the application for exactly this purpose.
    /// @param licence The licence.
    /// @param licensor The licensor.
    /// @param purposeDigest sha2-256 digest of the CID of the research purpose.
    event LicenceApproved(LicenceId indexed licence, MemberId indexed licensor, bytes32 purposeDigest);

    /// @notice The holder rejected the application; the reasons' document has this digest.
    /// @param licence The licence.
    /// @param reasonsDigest sha2-256 digest of the CID of the reasons.
    event LicenceRejected(LicenceId indexed licence, bytes32 reasonsDigest);

    /// @notice The licensee took the application or the unpaid agreement back.
    /// @param licence The licence.
    event LicenceCancelled(LicenceId indexed licence);

    /// @notice Both sides signed. Carries the whole agreement, its signers and signatures.
    /// @param licence The licence.
    /// @param agreementDigest EIP-712 digest that both sides signed.
    /// @param agreement The agreement in full.
    /// @param licensor The licensor's signature.
    /// @param licensee The licensee's signature.
    /// @param paymentDue Unix time, in seconds, until which the price may be paid; zero if the licence is free.
    event LicenceAgreed(
        LicenceId indexed licence,
        bytes32 agreementDigest,
        Agreement agreement,
        PartySignature licensor,
        PartySignature licensee,
        uint40 paymentDue
    );

    /// @notice The price is in escrow; the key is due by `deliveryDue`.
    /// @param licence The licence.
    /// @param payer Account that pays.
    /// @param price Price of one term, in token units.
    /// @param deliveryDue Unix time, in seconds, until which the key may be delivered.
    event LicencePaid(LicenceId indexed licence, address indexed payer, uint128 price, uint40 deliveryDue);

    /// @notice The key is on the ledger; silence until `acceptanceDue` accepts it.
    /// @param licence The licence.
    /// @param acceptanceDue Unix time, in seconds, until which the licensee may answer.
    /// @param expiresAt End of the licence, Unix time in seconds.
    event LicenceDelivered(LicenceId indexed licence, uint40 acceptanceDue, uint40 expiresAt);

    /// @notice The licensee confirmed that the delivered key opens the dataset.
    /// @param licence The licence.
    event LicenceAccepted(LicenceId indexed licence);

    /// @notice The price was split among those it belongs to. Silence has accepted the delivery if nothing else has:
    /// the stage is Active from now on.
    /// @param licence The licence.
    event LicenceSettled(LicenceId indexed licence);

    /// @notice The price was given back to the licensee; the licence is over.
    /// @param licence The licence.
    event LicenceRefunded(LicenceId indexed licence);

    /// @notice Another term was paid for; the licence now ends at `expiresAt`.
    /// @param licence The licence.
    /// @param payer Account that pays.
    /// @param price Price of one term, in token units.
    /// @param expiresAt End of the licence, Unix time in seconds.
    event LicenceRenewed(LicenceId indexed licence, address indexed payer, uint128 price, uint40 expiresAt);

    /// @notice The windows for future stages changed.
    /// @param windows How long each side has, in seconds.
    event WindowsChanged(Windows windows);

    /// @notice There is no such licence.
    /// @dev Check the licence's id.
    /// @param licence The licence.
    error LicenceUnknown(LicenceId licence);

    /// @notice The licence is in a state that does not allow this.
    /// @dev Read the licence's state; `accepted` has bit n set for each state n that allows it.
    /// @param licence The licence.
    /// @param state State of the licence now.
    /// @param accepted Bit n is set for each state n that allows it.
    error LicenceStateRefused(LicenceId licence, LicenceState state, uint256 accepted);

    /// @notice Only the licensee may do this.
    /// @dev Sign with an account of the licensee.
    /// @param licence The licence.
    /// @param licensee The licensee.
    /// @param member Member that called.
    error NotLicensee(LicenceId licence, MemberId licensee, MemberId member);

    /// @notice Only the holder that approved the licence may do this.
    /// @dev Sign with an account of the licensor.
    /// @param licence The licence.
    /// @param licensor The licensor.
    /// @param member Member that called.
    error NotLicensor(LicenceId licence, MemberId licensor, MemberId member);

    /// @notice The holder cannot license its own dataset.
    /// @dev The holder has the data already.
    /// @param dataset The version of the dataset.
    /// @param member The member.
    error OwnDataset(DatasetId dataset, MemberId member);

    /// @notice The purpose's digest is missing.
    /// @dev Store the research purpose and name its digest.
    error PurposeMissing();

    /// @notice The signature is not one by an account of the party over this agreement.
    /// @dev Sign the present agreement again: purpose, delivery key, chain and contract are part of what is signed.
    /// @param licence The licence.
    /// @param party The side whose signature it is.
    /// @param signer Account named as signer.
    error SignatureInvalid(LicenceId licence, MemberId party, address signer);

    /// @notice The signature is too long.
    /// @dev Sign with an account whose signatures have at most `most` bytes.
    /// @param licence The licence.
    /// @param party The side whose signature it is.
    /// @param length Length given, in bytes.
    /// @param most Length allowed, in bytes.
    error SignatureTooLong(LicenceId licence, MemberId party, uint256 length, uint256 most);

    /// @notice The agreement's signatures are too old.
    /// @dev Sign again with a later deadline.
    /// @param licence The licence.
    /// @param deadline The deadline, Unix time in seconds.
    error AgreementExpired(LicenceId licence, uint40 deadline);

    /// @notice The terms given are not those of the offer.
    /// @dev Read the offer's terms again.
    /// @param offer The offer.
    /// @param expected Digest of the offer's terms.
    /// @param given Digest of the terms given.
    error TermsMismatch(OfferId offer, bytes32 expected, bytes32 given);

    /// @notice The price is above what the licensee allows.
    /// @dev Read the offer again and allow its price.
    /// @param price Price of one term, in token units.
    /// @param limit The most that the licensee pays, in token units.
    error PriceAboveLimit(uint128 price, uint128 limit);

    /// @notice A whole term lies ahead of the licence already.
    /// @dev Renew from `renewableFrom` on, a Unix time in seconds.
    /// @param licence The licence.
    /// @param renewableFrom Unix time, in seconds, from which it can be renewed.
    error RenewalTooEarly(LicenceId licence, uint40 renewableFrom);

    /// @notice A refund is not due: the holder can still deliver.
    /// @dev Wait until the deadline has passed.
    /// @param licence The licence.
    /// @param deadline The deadline, Unix time in seconds.
    error RefundNotDue(LicenceId licence, uint40 deadline);

    /// @notice Only the key exchange may do this.
    /// @dev Deliver the key through {IKeyExchange}.
    /// @param caller Who called.
    error NotKeyExchange(address caller);

    /// @notice The benefits contract obeys licences at another address.
    /// @dev Deploy the contracts again, each with the address that the other will have.
    /// @param licences The address that it is bound to.
    error BenefitsBoundElsewhere(address licences);

    /// @notice A licence never changes hands, and nobody is approved to move it.
    /// @dev The other party must apply for its own licence.
    /// @param licence The licence.
    error LicenceSoulbound(LicenceId licence);

    /// @notice A window is outside one minute to 90 days.
    /// @dev Give the windows in seconds.
    /// @param windows The windows given, in seconds.
    error WindowsInvalid(Windows windows);

    /// @notice Applies for a licence under an offer.
    /// @dev Caller: an active member other than the holder. Moves no money. Reverts with {PurposeMissing},
    /// {OwnDataset}, {IOffers.OfferUnknown}, {IOffers.OfferNotOpen}, {IDatasets.DatasetNotAvailable},
    /// {IDatasets.EmbargoInForce} and the errors of {IMembers.activeMemberOf}.
    /// @param offer Its id.
    /// @param purposeDigest sha2-256 digest of the CID of the research purpose.
    /// @return licence Id of the application and of the licence it may become.
    function applyFor(OfferId offer, bytes32 purposeDigest) external returns (LicenceId licence);

    /// @notice Approves an application for a purpose; only that purpose can then be agreed.
    /// @dev Caller: an active account of the dataset's holder, which becomes the licensor. From Applied.
    /// Reverts with {LicenceStateRefused}, {IDatasets.NotHolder}, {PurposeMissing}, {OwnDataset} (the applicant has
    /// become the holder) and the errors of {IMembers.activeMemberOf}.
    /// @param licence The application.
    /// @param purposeDigest sha2-256 digest of the CID of the purpose approved, which may be narrower than what was
    /// applied for.
    function approveApplication(LicenceId licence, bytes32 purposeDigest) external;

    /// @notice Rejects an application, or takes an approval back before both sides signed.
    /// @dev Caller: the dataset's holder. From Applied or Approved. Reverts with {LicenceStateRefused},
    /// {IDatasets.NotHolder}.
    /// @param licence The application.
    /// @param reasonsDigest sha2-256 digest of the CID of the reasons.
    function reject(LicenceId licence, bytes32 reasonsDigest) external;

    /// @notice Takes an application or an unpaid agreement back.
    /// @dev Caller: the licensee. From Applied, Approved, Agreed or Lapsed. Reverts with {LicenceStateRefused},
    /// {NotLicensee}.
    /// @param licence The application or unpaid agreement.
    function cancel(LicenceId licence) external;

    /// @notice Concludes the agreement that both sides signed. At a price of zero it counts as paid at once.
    /// @dev Caller: anyone who has both signatures. From Approved. The agreement signed is built from the ledger's own
    /// records (see {agreementOf}), so a changed key or purpose makes the signatures invalid.
    /// Reverts with {LicenceStateRefused}, {AgreementExpired}, {TermsMismatch}, {SignatureInvalid},
    /// {SignatureTooLong}, {IOffers.OfferNotOpen}, {IDatasets.DatasetNotAvailable}, {IDatasets.EmbargoInForce},
    /// {IDatasets.NotHolder} (the licensor holds the dataset no more), {IMembers.DeliveryKeyMissing}, {IMembers.MemberNotActive} (either party).
    /// @param licence The approved application.
    /// @param terms The offer's terms, whose digest the ledger holds.
    /// @param deadline The deadline in the signed agreement.
    /// @param licensor The holder's signature.
    /// @param licensee The licensee's signature.
    function agree(
        LicenceId licence,
        Terms calldata terms,
        uint40 deadline,
        PartySignature calldata licensor,
        PartySignature calldata licensee
    ) external;

    /// @notice Pays the agreed price into escrow from the caller's allowance to {IBenefits}.
    /// @dev Caller: an active account of the licensee. From Agreed. Reverts with {LicenceStateRefused}, {NotLicensee},
    /// {IDatasets.DatasetNotAvailable}, {IBenefits.TransferInexact}, the token's own errors and those of
    /// {IMembers.activeMemberOf}.
    /// @param licence The agreed licence.
    function pay(LicenceId licence) external;

    /// @notice Like {pay}, with an ERC-2612 permit by the caller instead of an allowance. A permit that somebody else
    /// has submitted first does no harm.
    /// @dev Also reverts with {IBenefits.PermitExpired}, {IBenefits.PermitRefused}.
    /// @param licence The agreed licence.
    /// @param permit A permit by the caller for exactly the price, spendable by {IBenefits}.
    function payWithPermit(LicenceId licence, IBenefits.Permit calldata permit) external;

    /// @notice Records that the key was delivered, and mints the licence's token to the licensee's principal.
    /// @dev Caller: {IKeyExchange} alone. From Paid. Reverts with {NotKeyExchange}, {LicenceStateRefused},
    /// {IDatasets.DatasetNotAvailable}: what was revoked, or withdrawn by the licensor, after the payment is refunded,
    /// not delivered (see {IDatasets.isDeliverableBy}). What remains: the stewards can turn a paid delivery into a
    /// refund, and a revocation just before a delivery leaves the wrapped key readable in the failed transaction.
    /// @param licence The paid licence.
    function recordDelivery(LicenceId licence) external;

    /// @notice Confirms that the delivered key opens the dataset; the price can be settled at once.
    /// @dev Caller: the licensee. From Delivered. Reverts with {LicenceStateRefused}, {NotLicensee}.
    /// @param licence The delivered licence.
    function accept(LicenceId licence) external;

    /// @notice Splits the price among those it belongs to, who can withdraw it from {IBenefits}.
    /// @dev Caller: anyone. In Active or Expired, once. Reverts with {LicenceStateRefused},
    /// {IBenefits.EscrowStatusRefused}.
    /// @param licence The delivered licence.
    function settle(LicenceId licence) external;

    /// @notice Gives the price back to the licensee and ends the licence.
    /// @dev Caller: in Paid, Overdue or Delivered the licensor, of its own will; anyone when the delivery is overdue,
    /// or when the dataset was revoked, or withdrawn by the licensor, before the key was delivered.
    /// Reverts with {LicenceStateRefused}, {RefundNotDue}.
    /// @param licence The paid licence.
    function refund(LicenceId licence) external;

    /// @notice Pays for another term at the price of the offer, if it is still open; split at once, as the key is
    /// delivered already. A term that has ended starts anew now, another is added to the end. No more than one term
    /// lies ahead, so a holder that withdraws its offer knows when the last licence under it ends. The holder's standing
    /// does not matter: the licensee has the data, and pays the present holder what the standing offer asks for its
    /// further use. To end it, the holder withdraws the offer or the dataset, or the stewards revoke the dataset.
    /// @dev Caller: an active account of the licensee, with an allowance to {IBenefits}. In Active or Expired.
    /// Reverts with {LicenceStateRefused}, {NotLicensee}, {PriceAboveLimit}, {RenewalTooEarly}, {IOffers.OfferNotOpen},
    /// {IDatasets.DatasetNotAvailable}, {IBenefits.TransferInexact}, the token's own errors and those of
    /// {IMembers.activeMemberOf}.
    /// @param licence Its id.
    /// @param limit The most that the licensee pays, in token units.
    function renew(LicenceId licence, uint128 limit) external;

    /// @notice Sets how long each side has in future stages.
    /// @dev Caller: the parameters role. Reverts with {WindowsInvalid}.
    /// @param windows_ One minute to 90 days each.
    function setWindows(Windows calldata windows_) external;

    /// @notice The record of a licence.
    /// @dev Reverts with {LicenceUnknown}.
    /// @param licence Its id.
    function licenceById(LicenceId licence) external view returns (Licence memory);

    /// @notice The state now, time taken into account.
    /// @dev Reverts with {LicenceUnknown}.
    /// @param licence Its id.
    function stateOf(LicenceId licence) external view returns (LicenceState);

    /// @notice Whether the licensee may use the data now: delivered or active, and not expired.
    /// @dev Reverts with {LicenceUnknown}.
    /// @param licence Its id.
    function isInForce(LicenceId licence) external view returns (bool);

    /// @notice The agreement to be signed now, built from the ledger's records and the terms given.
    /// @dev Reverts with {LicenceUnknown}, {TermsMismatch}, {IMembers.DeliveryKeyMissing}.
    /// @param licence Its id.
    /// @param terms The offer's terms, whose digest the ledger holds.
    /// @param deadline Unix time, in seconds, after which the signatures can no longer conclude it.
    /// @return agreement The struct.
    /// @return digest Its EIP-712 digest, for this chain and this contract.
    function agreementOf(LicenceId licence, Terms calldata terms, uint40 deadline)
        external
        view
        returns (Agreement memory agreement, bytes32 digest);

    /// @notice The contract through which keys are delivered, for ever.
    function keyExchange() external view returns (address);

    /// @notice How long each side has in future stages.
    function windows() external view returns (Windows memory);

    /// @notice Number of applications ever made; ids run from 1 to this.
    function licenceCount() external view returns (uint64);
}
