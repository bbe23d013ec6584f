"""Deliver a dataset key to a licensee: over the ledger, blinded for the delivery key that the agreement fixed."""

from __future__ import annotations

from eth_utils.crypto import keccak

from ledger.acts.history import find_event
from ledger.acts.keyring import Keyring
from ledger.acts.license import Step
from ledger.acts.states import require_state
from ledger.chain import datasets, delivery, licences, offers
from ledger.chain.chain import Chain
from ledger.chain.sender import Sender
from ledger.crypto.exchange import DeliveryContext, wrap_key
from ledger.errors import IntegrityError
from ledger.model.ids import LicenceId
from ledger.model.licence import Licence, LicenceState

__all__ = ["deliver", "delivery_context"]


def deliver(licence: LicenceId, *, chain: Chain, sender: Sender, keyring: Keyring) -> Step:
    """Put the key of a paid licence on the ledger, for its licensee alone.

    Raises:
        KeyMaterialError: The dataset key is not in the keystore, or the key agreed upon cannot be found.
        RefusedError: The licence is not paid, or it is not the sender's to deliver.
        ChainError: The transaction could not be sent.
    """
    known = licences.licence(chain, licence)
    if delivery.delivery(chain, licence) is not None:
        return Step(licence, known.state, None)
    require_state(known, LicenceState.PAID, LicenceState.OVERDUE, doing="delivered", fix="wait for the licensee to pay")
    dataset = datasets.dataset(chain, offers.dataset_of(chain, known.offer))
    key = keyring.dataset_key(dataset.key_commitment)
    wrapped = wrap_key(key, _agreed_key(known, chain), context=delivery_context(chain, licence))
    outcome = sender.send(delivery.deliver(licence, wrapped.wrapped, wrapped.ephemeral))
    return Step(licence, licences.licence(chain, licence).state, outcome)


def delivery_context(chain: Chain, licence: LicenceId) -> DeliveryContext:
    """What the delivery of a licence's key is bound to."""
    return DeliveryContext(chain.chain_id, chain.deployment.address("KeyExchange"), licence)


def _agreed_key(licence: Licence, chain: Chain) -> bytes:
    """The licensee's delivery key as it was signed, x ‖ y, whatever it has registered since.

    Raises:
        IntegrityError: What the node says was signed is not what the ledger holds the digest of.
    """
    signed = find_event(chain, "Licences", "LicenceAgreed", licence.id).arguments["agreement"]
    point = b"".join(int(signed[name]).to_bytes(32, "big") for name in ("delivery_key_x", "delivery_key_y"))
    if keccak(point) != licence.delivery_key_digest:
        raise IntegrityError(
            f"The key for licence {licence.id} was not delivered",
            why="the delivery key that the node shows is not the one in the agreement",
            fix="ask another node",
        )
    return point
