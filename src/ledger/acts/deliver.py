"""Deliver a dataset key to a licensee: over the ledger, blinded for the delivery key that the agreement fixed.

Whoever has the wrapped key and the licensee's delivery secret has the data. So nobody sees it, the node included,
before the delivery is as certain as it can be: the node is asked about a rehearsal with random values, and gets the
wrapped key in the signed transaction only.

What was agreed is proved by signatures, see :mod:`ledger.acts.signed`. That it was *paid* is the word of the node,
which could also keep the signed transaction to itself until it is too late. A holder delivers through a node of its
own, or one that it trusts.
"""

from __future__ import annotations

import secrets
import time
from typing import Final

from ledger.acts.holdings import Holdings
from ledger.acts.keyring import Keyring
from ledger.acts.license import Step
from ledger.acts.signed import TRUST, signed_agreement
from ledger.acts.states import require_state
from ledger.chain import datasets, delivery, licences
from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.chain.display import iso_time
from ledger.chain.sender import Sender
from ledger.chain.transactions import prepare as rehearse
from ledger.crypto.exchange import DeliveryContext, delivery_public_key, generate_delivery_secret, wrap_key
from ledger.errors import IntegrityError, RefusedError
from ledger.model.ids import DatasetId, Digest, LicenceId, MemberId
from ledger.model.licence import Agreement, Licence, LicenceState

__all__ = ["MARGIN", "deliver", "delivery_context"]

MARGIN: Final = 600
"""Seconds before the deadline in which nothing is delivered any more: a transaction that is mined after it fails, and
shows the wrapped key to the licensee all the same, which then gets its money back."""


def deliver(
    licence: LicenceId, *, chain: Chain, sender: Sender, keyring: Keyring, holdings: Holdings, trust_node: bool = False
) -> Step:
    """Put the key of a paid licence on the ledger, for its licensee alone.

    Args:
        licence: The licence.
        chain: The ledger, through a node of the holder's own or one that it trusts: payment is that node's word.
        sender: An account of the licensor.
        keyring: Its keys; the account that signed the agreement is among them, or the sender's.
        holdings: Which key each dataset was registered with.
        trust_node: Take the node's word for who signed and which key the dataset has, too.

    Raises:
        KeyMaterialError: The dataset key is not in the keystore.
        IntegrityError: What the node shows was not signed by the licensor, or the dataset has another key than it was
            registered with.
        RefusedError: The licence is not paid, its dataset is not available, it is not the sender's to deliver, or
            there is too little time left.
        ChainError: The transaction could not be sent.
    """
    known = licences.licence(chain, licence)
    if delivery.delivery(chain, licence) is not None:
        return Step(licence, known.state, None)
    require_state(
        known,
        LicenceState.PAID,
        doing="delivered",
        fix="wait for the licensee to pay; if it is overdue, give the price back with 'ledger licence refund'",
    )
    _require_time(known, chain)
    rehearsal = _rehearsal(licence)
    rehearse(chain, rehearsal, sender.address)
    agreement = signed_agreement(known, keyring.accounts() | {sender.address}, chain, trust_node=trust_node)
    _require_deliverable(agreement.dataset, licence, agreement.licensor, chain)
    key = keyring.dataset_key(_commitment(agreement.dataset, licence, chain, holdings, trust_node=trust_node))
    wrapped = wrap_key(key, _point(agreement), context=delivery_context(chain, licence))
    _require_time(known, chain)  # a passphrase may have been asked for
    outcome = sender.send(delivery.deliver(licence, wrapped.wrapped, wrapped.ephemeral), rehearsal=rehearsal)
    return Step(licence, licences.licence(chain, licence).state, outcome)


def delivery_context(chain: Chain, licence: LicenceId) -> DeliveryContext:
    """What the delivery of a licence's key is bound to."""
    return DeliveryContext(chain.chain_id, chain.deployment.address("KeyExchange"), licence)


def _rehearsal(licence: LicenceId) -> Call:
    """A delivery that says nothing: what the contracts do with it does not depend on the values."""
    return delivery.deliver(licence, secrets.token_bytes(32), delivery_public_key(generate_delivery_secret()))


def _require_time(licence: Licence, chain: Chain) -> None:
    """Refuse what may be mined too late, by the chain's time or this computer's, whichever is later."""
    left = licence.deadline - max(chain.now(), int(time.time()))
    if left < MARGIN:
        raise RefusedError(
            f"The key of licence {licence.id} can no longer be delivered safely",
            why=f"it is due at {iso_time(licence.deadline)}, in {max(left, 0)} s; {MARGIN // 60} minutes are needed"
            ": a delivery that is mined too late fails, and shows the key to the licensee all the same",
            fix="give the price back with 'ledger licence refund', or let the licensee apply again; if this computer's"
            " clock is wrong, set it",
            name="DeliveryTooLate",
            arguments={"licence": licence.id, "deadline": licence.deadline},
        )


def _require_deliverable(dataset: DatasetId, licence: LicenceId, licensor: MemberId, chain: Chain) -> None:
    if not datasets.is_deliverable_by(chain, dataset, licensor):
        raise RefusedError(
            f"The key of licence {licence} cannot be delivered now",
            why=f"its dataset {dataset} was revoked, or withdrawn by you",
            fix="restore the dataset, or give the price back with 'ledger licence refund'",
            name="DatasetNotAvailable",
            arguments={"dataset": dataset},
        )


def _commitment(
    dataset: DatasetId, licence: LicenceId, chain: Chain, holdings: Holdings, *, trust_node: bool
) -> Digest:
    """The commitment of the dataset's key: the node's, if it is the one that the dataset was registered with here."""
    shown = datasets.dataset(chain, dataset).key_commitment
    kept = holdings.commitment(dataset)
    if kept != shown and (kept is not None or not trust_node):
        raise IntegrityError(
            f"The key for licence {licence} was not delivered",
            why=f"dataset {dataset} was not registered from here, so only the node says which key it has"
            if kept is None
            else f"the node shows another key for dataset {dataset} than it was registered with",
            fix=f"deliver from the home that registered it, {TRUST}" if kept is None else "ask another node",
        )
    return shown


def _point(agreement: Agreement) -> bytes:
    key = agreement.delivery_key
    return key.x.to_bytes(32, "big") + key.y.to_bytes(32, "big")
