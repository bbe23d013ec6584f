"""Register data: encrypt it, store it, prove that it is stored, and only then tell the ledger.

    prepared = prepare(source, metadata, statement, desk)     # everything but the transaction
    registered = record([prepared], desk)                     # one transaction for one or many

The order is the safety: the dataset key is in the keystore before a byte is stored, and every store was read back
before the transaction is sent. Whatever interrupts it, the same call goes on where it stopped and gives the same
dataset.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ledger.acts.documents import document_digest, keep_document
from ledger.acts.holdings import Holdings
from ledger.acts.journal import Journal, Progressed, fingerprint
from ledger.acts.keyring import Keyring
from ledger.acts.parties import acting_member
from ledger.acts.replication import replicate
from ledger.chain import datasets, members
from ledger.chain.chain import Chain
from ledger.chain.sender import Sender
from ledger.chain.transactions import Outcome
from ledger.chain.transactions import prepare as rehearse
from ledger.errors import ChangedWhileReadingError, InputError, RefusedError, TransactionError
from ledger.model.cid import Cid, Codec
from ledger.model.dataset import MAX_PARENTS, Attribution, Funding, Registration, Tier
from ledger.model.ids import DatasetId, Digest, MemberId, UnixTime, UnixTimeField
from ledger.model.metadata import Metadata
from ledger.sealing.seal import Sealed, seal
from ledger.storage.store import Progress, Store

__all__ = ["Prepared", "Registered", "Registrar", "Statement", "prepare", "record", "register"]


class Statement(BaseModel):
    """What a holder states about a dataset, beyond the data and its description.

    Attributes:
        collector: Member that collected the data; None for the registering member.
        embargo_until: Unix time before which nobody can apply, in seconds; zero for none.
        funding: Who paid for the collection.
        tier: How widely it may be shared.
        human_genetic_resources: Whether it contains human genetic resources.
        supersedes: Version that this one replaces; zero for none.
        parents: Datasets from which this one derives.
        attribution: Line to print wherever the data is used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    collector: Annotated[MemberId, Field(ge=1)] | None = None
    embargo_until: UnixTimeField = UnixTime(0)
    funding: Funding = Funding.PUBLIC
    tier: Tier = Tier.CONTROLLED
    human_genetic_resources: bool = False
    supersedes: Annotated[DatasetId, Field(ge=0)] = DatasetId(0)
    parents: Annotated[tuple[DatasetId, ...], Field(max_length=MAX_PARENTS)] = ()
    attribution: Attribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrar:
    """What registering works with.

    Attributes:
        sender: Signs and sends for the holder.
        stores: Every store that must hold the dataset before it is registered; data is sealed into the first.
        keyring: Keeps the dataset keys.
        journals: Directory of the journals.
        progress: Told how far the sealing is.
    """

    chain: Chain
    sender: Sender
    stores: Sequence[Store]
    keyring: Keyring
    journals: Path
    progress: Progress | None = None

    def journal(self, source: Path) -> Journal:
        """The journal of a source on this network."""
        return Journal(self.journals, self.chain.deployment.anchor.hash, source)

    @property
    def holdings(self) -> Holdings:
        """Where it is put down which key a dataset has."""
        return Holdings(self.journals, self.chain.deployment.anchor.hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Data that is sealed and stored.

    Attributes:
        registration: What to tell the ledger; None if an earlier, interrupted run told it.
        dataset: What the earlier run registered.
    """

    source: Path
    manifest: Cid
    metadata: Cid
    size: int
    registration: Registration | None
    dataset: DatasetId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A registered dataset.

    Attributes:
        size: Plaintext bytes.
        outcome: The transaction that registered it; None if an earlier, interrupted run had sent it.
    """

    dataset: DatasetId
    manifest: Cid
    metadata: Cid
    size: int
    outcome: Outcome | None


def register(source: Path, metadata: Metadata, statement: Statement, registrar: Registrar) -> Registered:
    """Register a file or directory as one dataset.

    Raises:
        DocumentError: The metadata does not fit into one document.
        PathError, ChangedWhileReadingError: The source cannot be read as it is.
        StorageError: A store failed; nothing was registered.
        RefusedError: The ledger's rules say no, or exactly this data is registered already.
        ChainError: The transaction could not be made or sent.
    """
    return record([prepare(source, metadata, statement, registrar)], registrar)[0]


def prepare(source: Path, metadata: Metadata, statement: Statement, registrar: Registrar) -> Prepared:
    """Do everything but the transaction.

    Raises:
        As :func:`register`.
    """
    document = metadata.document()
    seen = _seen(source)
    with registrar.journal(source).locked() as journal:
        progressed = journal.read()
        if progressed and (earlier := _earlier(source, seen, journal, progressed, registrar)):
            return earlier
        draft = _rehearsed(statement, document, registrar)
        progressed = _begun(seen, journal, progressed, registrar)
        sealed = _stored(source, journal, progressed, registrar)
        described = keep_document(document, registrar.stores)
        journal.write(progressed.model_copy(update={"manifest": sealed.manifest_cid}))
    stated = {
        "size": sealed.manifest.plaintext_size,
        "manifest_codec": int(sealed.manifest_cid.codec),
        "manifest_digest": Digest(sealed.manifest_cid.digest),
        "key_commitment": progressed.commitment,
    }
    return Prepared(
        source=source,
        manifest=sealed.manifest_cid,
        metadata=described,
        size=sealed.manifest.plaintext_size,
        registration=draft.model_copy(update=stated),
    )


def record(prepared: Sequence[Prepared], registrar: Registrar) -> tuple[Registered, ...]:
    """Tell the ledger of all that it does not know yet, in one transaction: all or none.

    Raises:
        RefusedError, ChainError: As :func:`register`.
    """
    registrations = [item.registration for item in prepared if item.registration]
    outcome = _send(registrations, registrar) if registrations else None
    return tuple(_acknowledged(item, outcome, registrar) for item in prepared)


def _seen(source: Path) -> Digest:
    digest, size = fingerprint(source)
    if size == 0:
        raise InputError(
            f"{source} cannot be registered",
            why="there is not a byte in it",
            fix="name the file or directory with the data",
        )
    return digest


def _earlier(
    source: Path, seen: Digest, journal: Journal, progressed: Progressed, registrar: Registrar
) -> Prepared | None:
    """What an earlier run registered, if this call is its repetition."""
    manifest, chain = progressed.manifest, registrar.chain
    existing = datasets.by_manifest(chain, Digest(manifest.digest)) if manifest else None
    if (
        not manifest
        or not existing
        or (existing != progressed.dataset and not _is_own(existing, progressed.commitment, registrar))
    ):
        return None
    if progressed.fingerprint != seen:
        _require_acknowledged(journal, progressed, existing, registrar)
        return None
    if progressed.dataset is not None:
        raise _duplicate(source, existing, manifest)
    found = datasets.dataset(chain, existing)
    return Prepared(
        source=source,
        manifest=manifest,
        metadata=Cid.from_digest(found.metadata_digest),
        size=found.size,
        registration=None,
        dataset=existing,
    )


def _require_acknowledged(journal: Journal, progressed: Progressed, existing: DatasetId, registrar: Registrar) -> None:
    """Other data than what was registered is a new dataset, but nobody may miss that the old one is there.

    Raises:
        ChangedWhileReadingError: The earlier registration was never acknowledged.
    """
    if progressed.dataset is None:
        registrar.holdings.keep(existing, progressed.commitment)
        journal.write(progressed.model_copy(update={"dataset": existing}))
        raise ChangedWhileReadingError(
            f"The source was registered as dataset {existing} by an earlier run and has changed since",
            why="that run was interrupted before it could say so",
            fix="run the same command again to register what is there now as another dataset",
        )


def _rehearsed(statement: Statement, document: bytes, registrar: Registrar) -> Registration:
    """Ask the ledger whether it would take such a registration, so that nobody encrypts for hours in vain."""
    account = registrar.sender.address
    draft = Registration(
        collector=statement.collector or acting_member(registrar.chain, account),
        size=1,
        manifest_codec=int(Codec.RAW),
        manifest_digest=Digest(secrets.token_bytes(32)),
        metadata_digest=document_digest(document),
        key_commitment=Digest(secrets.token_bytes(32)),
        **statement.model_dump(exclude={"collector"}),
    )
    rehearse(registrar.chain, datasets.register([draft]), account)
    return draft


def _begun(seen: Digest, journal: Journal, progressed: Progressed | None, registrar: Registrar) -> Progressed:
    """The interrupted registration, if it is one of this data and its key is still there; else a new one.

    What was sealed wholly may have been sent, so other data then gets another key.
    """
    same = progressed and progressed.dataset is None and (progressed.manifest is None or progressed.fingerprint == seen)
    if progressed and same and registrar.keyring.has_dataset_key(progressed.commitment):
        return journal.write(progressed.model_copy(update={"fingerprint": seen}))
    journal.forget_sealing()
    commitment = registrar.keyring.new_dataset_key()
    return journal.write(Progressed(commitment=commitment, fingerprint=seen))


def _stored(source: Path, journal: Journal, progressed: Progressed, registrar: Registrar) -> Sealed:
    key = registrar.keyring.dataset_key(progressed.commitment)
    sealed = seal(source, registrar.stores[0], key, state=journal.sealing, progress=registrar.progress)
    replicate(sealed.manifest, sealed.manifest_cid, registrar.stores)
    return sealed


def _send(registrations: Sequence[Registration], registrar: Registrar) -> Outcome | None:
    try:
        return registrar.sender.send(datasets.register(registrations))
    except RefusedError as error:
        sent_before = error.name == "DatasetDuplicate" and all(
            (found := datasets.by_manifest(registrar.chain, registration.manifest_digest))
            and _is_own(found, registration.key_commitment, registrar)
            for registration in registrations
        )
        if not sent_before:
            raise
    return None  # an earlier run's transaction was mined meanwhile


def _is_own(dataset: DatasetId, commitment: Digest, registrar: Registrar) -> bool:
    """Whether it is this institution's: others may have copied the manifest from a transaction that was pending."""
    found = datasets.dataset(registrar.chain, dataset)
    return found.key_commitment == commitment and found.holder == members.member_of(
        registrar.chain, registrar.sender.address
    )


def _acknowledged(prepared: Prepared, outcome: Outcome | None, registrar: Registrar) -> Registered:
    dataset = prepared.dataset or datasets.by_manifest(registrar.chain, Digest(prepared.manifest.digest))
    if dataset is None:
        raise TransactionError(
            f"{prepared.source} was not registered",
            why="the transaction was mined, and yet the ledger has no dataset with its manifest",
            fix="run the same command again once the chain has settled",
        )
    with registrar.journal(prepared.source).locked() as journal:
        progressed = journal.read()
        if progressed and progressed.manifest == prepared.manifest:
            registrar.holdings.keep(dataset, progressed.commitment)
            journal.write(progressed.model_copy(update={"dataset": dataset}))
            journal.forget_sealing()
    return Registered(
        dataset=dataset,
        manifest=prepared.manifest,
        metadata=prepared.metadata,
        size=prepared.size,
        outcome=outcome if prepared.registration else None,
    )


def _duplicate(source: Path, existing: DatasetId, manifest: Cid) -> RefusedError:
    return RefusedError(
        f"{source} is registered already",
        why=f"it is dataset {existing}, with the manifest {manifest}, and has not changed since",
        fix=f"Use dataset {existing}, or change the data to register a new version",
        name="DatasetDuplicate",
        arguments={"manifest_digest": manifest.digest, "existing": existing},
    )
