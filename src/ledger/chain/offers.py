"""Offers (``contracts/interfaces/IOffers.sol``): calls to sign, and reads."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.chain.artifacts import artifact
from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.chain.events import decode_log
from ledger.chain.records import terms_from, terms_tuple
from ledger.chain.typed_data import terms_digest
from ledger.errors import IntegrityError, UsageError
from ledger.model.dataset import MAX_BATCH, Offer, Publication
from ledger.model.ids import DatasetId, Digest, OfferId
from ledger.model.terms import SECONDS_A_DAY, Terms

__all__ = ["count", "dataset_of", "offer", "publish", "withdraw"]

CONTRACT = "Offers"
PUBLISHED = "OfferPublished"


def publish(publications: Sequence[Publication]) -> Call:
    """Publish one or many offers, all or none. Signer: an account of the holder of each dataset.

    Raises:
        UsageError: There are none, or more than 100.
    """
    if not 1 <= len(publications) <= MAX_BATCH:
        raise UsageError(
            "The offers cannot be published at once",
            why=f"there are {len(publications)}, a batch has 1 to {MAX_BATCH}",
            fix=f"publish them in batches of up to {MAX_BATCH}",
        )
    batch = tuple((publication.dataset, terms_tuple(publication.terms)) for publication in publications)
    return Call(CONTRACT, "publish", (batch,), _summary(publications))


def withdraw(offer: OfferId) -> Call:
    """Close an offer. Signer: an account of the dataset's holder."""
    return Call(CONTRACT, "withdraw", (offer,), f"Close offer {offer} for good; agreements already signed stand.")


def offer(chain: Chain, offer_id: OfferId) -> Offer:
    """An offer with its whole terms, read from its event and checked against the digest that the contract keeps.

    Raises:
        RefusedError: There is no such offer.
        IntegrityError: The terms that the node gives are not those of the offer.
    """
    found = chain.call(CONTRACT, "offerById", offer_id)
    terms = _published_terms(chain, offer_id)
    if terms is None or terms_digest(terms) != found["terms_digest"]:
        raise IntegrityError(
            f"The terms of offer {offer_id} cannot be read",
            why="the node gives no event with the terms whose digest the contract keeps",
            fix="ask another node, one that keeps all logs",
        )
    return Offer(
        id=offer_id,
        dataset=DatasetId(found["dataset"]),
        open=found["open"],
        terms_digest=Digest(found["terms_digest"]),
        terms=terms,
    )


def dataset_of(chain: Chain, offer_id: OfferId) -> DatasetId:
    """The dataset that an offer is for.

    Raises:
        RefusedError: There is no such offer.
    """
    return DatasetId(chain.call(CONTRACT, "datasetOf", offer_id))


def count(chain: Chain) -> int:
    """Number of offers ever published; ids run from 1 to this."""
    return int(chain.call(CONTRACT, "offerCount"))


def _published_terms(chain: Chain, offer_id: OfferId) -> Terms | None:
    deployed = chain.deployment.contracts[CONTRACT]
    topics = ["0x" + artifact(CONTRACT).event(PUBLISHED).topic.hex(), f"0x{offer_id:064x}"]
    logs = chain.logs([deployed.address], deployed.block, chain.head().number, topics)
    events = [event for log in logs if (event := decode_log(log, chain.deployment)) is not None]
    return terms_from(events[0].arguments["terms"]) if events else None


def _summary(publications: Sequence[Publication]) -> str:
    if len(publications) > 1:
        return f"Publish {len(publications)} offers, all or none; an offer can be closed but never changed."
    dataset, terms = publications[0].dataset, publications[0].terms
    price = f"{terms.price} units of token {terms.token}" if terms.price else "no price"
    return (
        f"Offer licences of dataset {dataset} for {terms.duration // SECONDS_A_DAY} days at {price}, "
        f"for {terms.duo}; the offer can be closed but never changed."
    )
