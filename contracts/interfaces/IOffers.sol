// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DatasetId, OfferId} from "../types/Ids.sol";
import {DuoCodes, Shares, Terms} from "../types/Terms.sol";

/// @title Offers: the terms on which datasets may be licensed (R2.1, R3.1)
/// @notice An offer never changes. To change a price or a condition, a holder withdraws the offer and publishes
/// another, so what a licensee has read is what it gets or nothing.
interface IOffers {
    /// @notice What is stored for an offer; the rest of its terms is bound by `termsDigest`.
    /// @param dataset The dataset offered.
    /// @param price Price of one term, in token units.
    /// @param duration Length of one term, in seconds.
    /// @param open Whether it may still be taken up.
    /// @param token Settlement token; the zero address if the price is zero.
    /// @param shares Split of the price.
    /// @param duoCodes Permitted uses.
    /// @param country Country of DUO:0000022, or zero.
    /// @param moratoriumUntil Unix time of DUO:0000024, or zero.
    /// @param termsDigest EIP-712 hashStruct of the {Terms}.
    struct Offer {
        DatasetId dataset;
        uint128 price;
        uint32 duration;
        bool open;
        address token;
        Shares shares;
        DuoCodes duoCodes;
        bytes2 country;
        uint40 moratoriumUntil;
        bytes32 termsDigest;
    }

    /// @notice An offer to be published.
    struct Publication {
        DatasetId dataset;
        Terms terms;
    }

    /// @notice An offer was published. Carries the terms whole.
    /// @param offer The offer.
    /// @param dataset The dataset offered.
    /// @param termsDigest EIP-712 hashStruct of the terms.
    /// @param terms The terms in full.
    event OfferPublished(OfferId indexed offer, DatasetId indexed dataset, bytes32 termsDigest, Terms terms);

    /// @notice An offer can no longer be taken up.
    /// @param offer The offer.
    event OfferWithdrawn(OfferId indexed offer);

    /// @notice There is no such offer.
    /// @dev Check the offer's id in the catalogue.
    /// @param offer The offer.
    error OfferUnknown(OfferId offer);

    /// @notice The offer has been withdrawn.
    /// @dev Read the dataset's present offers: the price or the conditions may have changed.
    /// @param offer The offer.
    error OfferNotOpen(OfferId offer);

    /// @notice The data-use codes are not one permission with known modifiers.
    /// @dev Set exactly one of DUO 4, 6, 7, 11, 42 and only modifiers that DUO defines.
    /// @param codes The codes given.
    error DuoCodesInvalid(DuoCodes codes);

    /// @notice A condition and its parameter do not go together.
    /// @dev Give a country with DUO 22, a time with DUO 24, a disease digest with DUO 7, and each only then.
    /// @param code Number of the DUO term.
    error DuoParameterInvalid(uint8 code);

    /// @notice The shares do not sum to 10,000 basis points, or a share has no receiver, or a receiver no share.
    /// @dev Correct the split.
    /// @param sum Sum of the shares, in basis points.
    error SharesInvalid(uint256 sum);

    /// @notice Price and token do not go together.
    /// @dev Name a token exactly when the price is above zero.
    /// @param token The token given.
    /// @param price The price given, in token units.
    error PriceWithoutToken(address token, uint128 price);

    /// @notice The settlement token is not allowed on this ledger.
    /// @dev Use an allowed token, or ask the consortium to allow this one.
    /// @param token Settlement token.
    error TokenNotAllowed(address token);

    /// @notice The duration is outside one day to a hundred years.
    /// @dev Give the length of a term in seconds.
    /// @param duration The duration given, in seconds.
    error DurationInvalid(uint32 duration);

    /// @notice The digest of the prose terms is missing.
    /// @dev Store the licence text and name its digest.
    error ProseMissing();

    /// @notice The batch is empty or too large.
    /// @dev Publish between 1 and 100 offers at once.
    /// @param size Size of the batch given.
    error BatchSizeInvalid(uint256 size);

    /// @notice Publishes one or many offers, all or none.
    /// @dev Caller: an active account of the holder of each dataset. A dataset under embargo may be offered: nobody
    /// can apply before it ends. Reverts with {BatchSizeInvalid}, {DuoCodesInvalid}, {DuoParameterInvalid},
    /// {SharesInvalid}, {PriceWithoutToken}, {TokenNotAllowed}, {DurationInvalid}, {ProseMissing},
    /// {IDatasets.NotHolder}, {IDatasets.DatasetNotAvailable}, {IMembers.MemberLacksKind} (fund, platform).
    /// @param publications 1 to 100 offers.
    /// @return first Id of the first; the others follow in order.
    function publish(Publication[] calldata publications) external returns (OfferId first);

    /// @notice Closes an offer to new applications, agreements and renewals.
    /// @dev Caller: the holder of the dataset. Agreements already signed stand. Reverts with {OfferUnknown},
    /// {OfferNotOpen}, {IDatasets.NotHolder}.
    /// @param offer Its id.
    function withdraw(OfferId offer) external;

    /// @notice An offer.
    /// @dev Reverts with {OfferUnknown}.
    /// @param offer Its id.
    function offerById(OfferId offer) external view returns (Offer memory);

    /// @notice Refuses unless the offer may be taken up, and names its dataset.
    /// @dev Reverts with {OfferUnknown}, {OfferNotOpen}.
    /// @param offer Its id.
    /// @return dataset The dataset it is for.
    function requireOpen(OfferId offer) external view returns (DatasetId dataset);

    /// @notice The dataset an offer is for.
    /// @dev Reverts with {OfferUnknown}.
    /// @param offer Its id.
    function datasetOf(OfferId offer) external view returns (DatasetId);

    /// @notice The dataset an offer is for, and the price of one term in token units.
    /// @dev Reverts with {OfferUnknown}.
    /// @param offer Its id.
    /// @return dataset The dataset.
    /// @return price The price, in token units.
    function priceOf(OfferId offer) external view returns (DatasetId dataset, uint128 price);

    /// @notice EIP-712 hashStruct of terms, as signed inside an agreement.
    /// @param terms Terms to hash.
    function hashTerms(Terms calldata terms) external pure returns (bytes32);

    /// @notice Number of offers ever published; ids run from 1 to this.
    function offerCount() external view returns (uint64);
}
