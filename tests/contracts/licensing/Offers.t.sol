// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDatasets} from "../../../contracts/interfaces/IDatasets.sol";
import {IMembers} from "../../../contracts/interfaces/IMembers.sol";
import {IOffers} from "../../../contracts/interfaces/IOffers.sol";
import {DatasetId, OfferId} from "../../../contracts/types/Ids.sol";
import {DatasetStatus, MemberStatus} from "../../../contracts/types/States.sol";
import {Terms} from "../../../contracts/types/Terms.sol";
import {World} from "../support/World.sol";

/// @title Publication and withdrawal of offers: what is stored, who may publish, batches
contract OffersTest is World {
    OfferId private constant UNKNOWN = OfferId.wrap(99);

    // What is stored and told.

    function testFuzz_publishStoresWhatIsStated(uint128 price, uint32 duration, uint40 moratorium, bytes32 prose)
        public
    {
        Terms memory terms_ = terms();
        terms_.price = uint128(bound(price, 1, type(uint128).max));
        terms_.duration = uint32(bound(duration, 1 days, 100 * YEAR));
        terms_.duoCodes = duo(7, 24);
        terms_.moratoriumUntil = uint40(bound(moratorium, 1, type(uint40).max));
        terms_.diseasesDigest = keccak256("MONDO:0005148");
        terms_.proseDigest = prose == 0 ? bytes32(uint256(1)) : prose;
        terms_.considerationsDigest = keccak256("co-authorship");
        DatasetId dataset = _registered();
        bytes32 termsDigest = offers.hashTerms(terms_);

        vm.expectEmit(address(offers));
        emit IOffers.OfferPublished(OfferId.wrap(1), dataset, termsDigest, terms_);
        OfferId offer = _publish(HOSPITAL, dataset, terms_);

        IOffers.Offer memory expected = IOffers.Offer({
            dataset: dataset,
            price: terms_.price,
            duration: terms_.duration,
            open: true,
            token: address(token),
            shares: shares(),
            duoCodes: terms_.duoCodes,
            country: 0,
            moratoriumUntil: terms_.moratoriumUntil,
            termsDigest: termsDigest
        });
        bytes32 actual = keccak256(abi.encode(offers.offerById(offer)));
        assertEq(actual, keccak256(abi.encode(expected)), "record");
    }

    function test_shortReadsAgreeWithTheRecord() public {
        OfferId offer = _offered();
        DatasetId dataset = offers.offerById(offer).dataset;
        (DatasetId pricedDataset, uint128 price) = offers.priceOf(offer);
        assertTrue(pricedDataset == dataset, "priceOf: dataset");
        assertEq(price, PRICE, "priceOf: price");
        assertTrue(offers.datasetOf(offer) == dataset, "datasetOf");
        assertTrue(offers.requireOpen(offer) == dataset, "requireOpen");
        assertEq(offers.offerCount(), 1, "count");
    }

    function test_aDatasetHasAnyNumberOfOffers() public {
        DatasetId dataset = _registered();
        OfferId first = _publish(HOSPITAL, dataset, terms());
        OfferId second = _publish(HOSPITAL, dataset, freeTerms());
        assertTrue(offers.requireOpen(first) == dataset && offers.requireOpen(second) == dataset, "both");
    }

    function test_unknownOffersAreRefused() public {
        bytes memory refusal = abi.encodeWithSelector(IOffers.OfferUnknown.selector, UNKNOWN);
        vm.expectRevert(refusal);
        offers.offerById(UNKNOWN);
        vm.expectRevert(refusal);
        offers.requireOpen(UNKNOWN);
        vm.expectRevert(refusal);
        offers.datasetOf(UNKNOWN);
        vm.expectRevert(refusal);
        offers.priceOf(UNKNOWN);
        vm.expectRevert(refusal);
        vm.prank(HOSPITAL);
        offers.withdraw(UNKNOWN);
    }

    // Who may publish what.

    function test_onlyTheHolderPublishes() public {
        DatasetId dataset = _registered();
        expectNotHolder(dataset, INSTITUTE_ID);
        _publish(INSTITUTE, dataset, terms());
        vm.expectRevert(abi.encodeWithSelector(IMembers.NotMember.selector, STRANGER));
        _publish(STRANGER, dataset, terms());

        _setStatus(HOSPITAL_ID, MemberStatus.Suspended);
        vm.expectRevert(abi.encodeWithSelector(IMembers.MemberNotActive.selector, HOSPITAL_ID, MemberStatus.Suspended));
        _publish(HOSPITAL, dataset, terms());
    }

    function test_anUnknownDatasetIsNotOffered() public {
        vm.expectRevert(abi.encodeWithSelector(IDatasets.DatasetUnknown.selector, DatasetId.wrap(7)));
        _publish(HOSPITAL, DatasetId.wrap(7), terms());
    }

    /// forge-config: default.fuzz.runs = 16
    function testFuzz_aWithdrawnOrRevokedDatasetIsNotOffered(bool revoked) public {
        DatasetId dataset = _registered();
        if (revoked) _revoke(dataset);
        else _withdraw(dataset);
        vm.expectRevert(
            abi.encodeWithSelector(
                IDatasets.DatasetNotAvailable.selector,
                dataset,
                revoked ? DatasetStatus.Revoked : DatasetStatus.Withdrawn
            )
        );
        _publish(HOSPITAL, dataset, terms());
    }

    function test_anEmbargoedDatasetIsOfferedButNotAppliedFor() public {
        IDatasets.Registration memory stated = registration();
        stated.embargoUntil = soon();
        DatasetId dataset = _register(HOSPITAL, stated);
        OfferId offer = _publish(HOSPITAL, dataset, terms());

        vm.expectRevert(abi.encodeWithSelector(IDatasets.EmbargoInForce.selector, dataset, stated.embargoUntil));
        _apply(INSTITUTE, offer);
        vm.warp(stated.embargoUntil);
        _apply(INSTITUTE, offer);
    }

    // Withdrawal.

    function test_theHolderWithdrawsAnOffer() public {
        OfferId offer = _offered();
        vm.expectEmit(address(offers));
        emit IOffers.OfferWithdrawn(offer);
        _withdrawOffer(HOSPITAL, offer);

        assertFalse(offers.offerById(offer).open, "open");
        vm.expectRevert(abi.encodeWithSelector(IOffers.OfferNotOpen.selector, offer));
        offers.requireOpen(offer);
        vm.expectRevert(abi.encodeWithSelector(IOffers.OfferNotOpen.selector, offer));
        _withdrawOffer(HOSPITAL, offer);
    }

    function test_nobodyElseWithdrawsAnOffer() public {
        OfferId offer = _offered();
        DatasetId dataset = offers.datasetOf(offer);
        expectNotHolder(dataset, COMPANY_ID);
        _withdrawOffer(COMPANY, offer);
        expectNotHolder(dataset, NOBODY);
        _withdrawOffer(OPERATOR, offer);
    }

    /// @dev The new holder takes the dataset with its open offers, and rules them.
    function test_offersGoWithTheDataset() public {
        OfferId offer = _offered();
        vm.prank(HOSPITAL);
        datasets.transferFrom(HOSPITAL, INSTITUTE, 1);

        vm.expectRevert(
            abi.encodeWithSelector(IDatasets.NotHolder.selector, DatasetId.wrap(1), INSTITUTE_ID, HOSPITAL_ID)
        );
        _withdrawOffer(HOSPITAL, offer);
        _withdrawOffer(INSTITUTE, offer);
    }

    // Batches.

    function test_fiftyAndAHundredArePublishedInOrder() public {
        IOffers.Publication[] memory batch = _batch(100);
        vm.startPrank(HOSPITAL);
        assertEq(OfferId.unwrap(offers.publish(batch)), 1, "first");
        assertEq(OfferId.unwrap(offers.publish(_firstOf(batch, 50))), 101, "first of the second");
        assertEq(offers.offerCount(), 150, "count");
        for (uint64 i = 0; i < 100; ++i) {
            assertTrue(offers.datasetOf(OfferId.wrap(i + 1)) == batch[i].dataset, "order");
        }
    }

    function test_noneAndAHundredAndOneAreRefused() public {
        vm.startPrank(HOSPITAL);
        vm.expectRevert(abi.encodeWithSelector(IOffers.BatchSizeInvalid.selector, 0));
        offers.publish(new IOffers.Publication[](0));
        vm.expectRevert(abi.encodeWithSelector(IOffers.BatchSizeInvalid.selector, 101));
        offers.publish(new IOffers.Publication[](101));
    }

    function testFuzz_aBatchIsPublishedWholeOrNotAtAll(uint8 place) public {
        IOffers.Publication[] memory batch = _batch(20);
        batch[place % 20].terms.proseDigest = 0;
        vm.expectRevert(abi.encodeWithSelector(IOffers.ProseMissing.selector));
        vm.prank(HOSPITAL);
        offers.publish(batch);
        assertEq(offers.offerCount(), 0, "count");
    }

    function test_aBatchIsOfTheHoldersDatasetsOnly() public {
        IOffers.Publication[] memory batch = _batch(3);
        batch[2].dataset = _register(INSTITUTE, registration());
        vm.expectRevert(
            abi.encodeWithSelector(IDatasets.NotHolder.selector, batch[2].dataset, INSTITUTE_ID, HOSPITAL_ID)
        );
        vm.prank(HOSPITAL);
        offers.publish(batch);
    }

    function _withdrawOffer(address caller, OfferId offer) private {
        vm.prank(caller);
        offers.withdraw(offer);
    }

    function _batch(uint256 size) private returns (IOffers.Publication[] memory batch) {
        batch = new IOffers.Publication[](size);
        for (uint256 i = 0; i < size; ++i) {
            batch[i] = IOffers.Publication({dataset: _registered(), terms: terms()});
        }
    }

    function _firstOf(IOffers.Publication[] memory batch, uint256 size)
        private
        pure
        returns (IOffers.Publication[] memory part)
    {
        part = new IOffers.Publication[](size);
        for (uint256 i = 0; i < size; ++i) {
            part[i] = batch[i];
        }
    }
}
