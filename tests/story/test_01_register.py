"""A holder registers data: encrypted, stored, read back, and only then told to the ledger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.acts.documents import read_document
from ledger.acts.open import open_own
from ledger.acts.register import prepare, record, register
from ledger.acts.verify import verify
from ledger.chain import datasets
from ledger.chain.calls import Call
from ledger.chain.sender import Sender
from ledger.chain.transactions import Outcome
from ledger.crypto.keystore import KeyKind
from ledger.errors import (
    ChangedWhileReadingError,
    CidMismatchError,
    InputError,
    NotStoredError,
    PathError,
    RefusedError,
    StoreUnavailableError,
    TransactionError,
    UsageError,
)
from ledger.model.dataset import DatasetStatus, Tier
from ledger.model.ids import DatasetId
from ledger.model.metadata import Metadata
from ledger.storage.embedded import EmbeddedStore
from tests.support.institution import METADATA, Institution, contents, statement
from tests.support.world import HOSPITAL_ID, INSTITUTE_ID, World


def test_a_registered_dataset_is_on_the_ledger_as_it_was_stated(
    world: World, hospital: Institution, source: Path
) -> None:
    done = hospital.register(source, collector=INSTITUTE_ID, tier=Tier.RESTRICTED, human_genetic_resources=True)

    found = datasets.dataset(world.chain, done.dataset)
    assert (found.holder, found.collector) == (HOSPITAL_ID, INSTITUTE_ID)
    assert (found.tier, found.human_genetic_resources) == (Tier.RESTRICTED, True)
    assert found.status is DatasetStatus.ACTIVE
    assert found.size == sum(len(data) for data in contents(source).values() if data)
    assert found.manifest_digest == done.manifest.digest
    described = Metadata.from_document(read_document(hospital.store, found.metadata_digest))
    assert described == METADATA


def test_the_holder_can_open_and_anyone_can_verify_what_was_registered(
    world: World, hospital: Institution, source: Path, tmp_path: Path
) -> None:
    done = hospital.register(source)

    checked = verify(done.dataset, chain=world.chain, store=hospital.store)
    open_own(done.dataset, tmp_path / "own", chain=world.chain, store=hospital.store, keyring=hospital.keyring)

    assert (checked.files, checked.plaintext_size) == (2, done.size)
    assert contents(tmp_path / "own") == contents(source)


def test_a_single_file_is_a_dataset_too(world: World, hospital: Institution, source: Path, tmp_path: Path) -> None:
    done = hospital.register(source / "table.csv")

    open_own(done.dataset, tmp_path / "own", chain=world.chain, store=hospital.store, keyring=hospital.keyring)

    assert contents(tmp_path / "own") == {"table.csv": (source / "table.csv").read_bytes()}


def test_the_key_is_kept_before_anything_is_stored(
    hospital: Institution, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys_when_stored: list[int] = []
    adopt, put = EmbeddedStore.adopt, EmbeddedStore.put_bytes

    def watched_adopt(self: EmbeddedStore, *args: object, **more: object) -> object:
        keys_when_stored.append(len(hospital.keystore.list(KeyKind.DATASET)))
        return adopt(self, *args, **more)  # type: ignore[arg-type] # handed through

    def watched_put(self: EmbeddedStore, *args: object, **more: object) -> object:
        keys_when_stored.append(len(hospital.keystore.list(KeyKind.DATASET)))
        return put(self, *args, **more)  # type: ignore[arg-type] # handed through

    monkeypatch.setattr(EmbeddedStore, "adopt", watched_adopt)
    monkeypatch.setattr(EmbeddedStore, "put_bytes", watched_put)
    hospital.register(source)

    assert keys_when_stored
    assert set(keys_when_stored) == {1}


def test_the_same_data_twice_names_the_dataset_that_is_there(world: World, hospital: Institution, source: Path) -> None:
    first = hospital.register(source)

    with pytest.raises(RefusedError, match=f"is dataset {first.dataset}") as caught:
        hospital.register(source)

    assert caught.value.name == "DatasetDuplicate"
    assert datasets.count(world.chain) == first.dataset
    assert len(hospital.keystore.list(KeyKind.DATASET)) == 1


def test_changed_data_is_a_new_dataset_under_a_new_key(world: World, hospital: Institution, source: Path) -> None:
    first = hospital.register(source)
    (source / "table.csv").write_text("time,status,age\n306,1,75\n455,1,68\n1010,0,56\n")

    second = hospital.register(source, supersedes=first.dataset)

    found = [datasets.dataset(world.chain, done.dataset) for done in (first, second)]
    assert found[1].supersedes == first.dataset
    assert found[0].key_commitment != found[1].key_commitment


class Interrupted(BaseException):
    """The process was killed."""


def interrupted(monkeypatch: pytest.MonkeyPatch, *, sent: bool) -> None:
    """Kill the next transaction's sender, before or after it was mined."""
    send = Sender.send

    def killed(self: Sender, call: Call, **more: Any) -> Outcome:
        if sent:
            send(self, call, **more)
        raise Interrupted

    monkeypatch.setattr(Sender, "send", killed)


@pytest.mark.parametrize("sent", [False, True])
def test_an_interrupted_registration_gives_the_same_dataset_when_repeated(
    world: World, hospital: Institution, source: Path, *, sent: bool
) -> None:
    before = datasets.count(world.chain)
    with pytest.MonkeyPatch.context() as monkeypatch:
        interrupted(monkeypatch, sent=sent)
        with pytest.raises(Interrupted):
            hospital.register(source)
    keys = hospital.keystore.list(KeyKind.DATASET)

    done = hospital.register(source)

    assert datasets.count(world.chain) == before + 1
    assert done.dataset == before + 1
    assert hospital.keystore.list(KeyKind.DATASET) == keys
    assert (done.outcome is None) == sent


def test_a_transaction_mined_while_it_was_repeated_is_recognised(
    world: World, hospital: Institution, source: Path
) -> None:
    """The first run was killed with its transaction pending; it is mined after the second run has looked."""
    prepared = prepare(source, METADATA, statement(), hospital.registrar())
    assert prepared.registration is not None
    world.hospital.send(datasets.register([prepared.registration]))

    (done,) = record([prepared], hospital.registrar())

    assert done.dataset == datasets.by_manifest(world.chain, prepared.registration.manifest_digest)
    assert done.outcome is None


def test_a_copy_by_another_member_is_not_taken_for_ones_own(world: World, hospital: Institution, source: Path) -> None:
    """A member read the registration while it was pending, and its copy, key commitment and all, came first."""
    prepared = prepare(source, METADATA, statement(), hospital.registrar())
    assert prepared.registration is not None
    world.institute.send(datasets.register([prepared.registration]))
    copy = datasets.by_manifest(world.chain, prepared.registration.manifest_digest)
    assert copy is not None

    for _ in range(2):
        with pytest.raises(RefusedError, match="same manifest") as caught:
            hospital.register(source)
        assert caught.value.name == "DatasetDuplicate"
        assert "stewards" in caught.value.fix
    assert hospital.holdings.commitment(copy) is None

    world.operator.send(datasets.revoke(copy))
    done = hospital.register(source)

    assert done.dataset == copy + 1
    assert datasets.holder(world.chain, done.dataset) == HOSPITAL_ID
    assert datasets.by_manifest(world.chain, prepared.registration.manifest_digest) == done.dataset
    assert hospital.holdings.commitment(done.dataset) == prepared.registration.key_commitment


def test_data_that_changed_after_an_unseen_registration_is_not_confused_with_it(
    world: World, hospital: Institution, source: Path
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        interrupted(monkeypatch, sent=True)
        with pytest.raises(Interrupted):
            hospital.register(source)
    first = DatasetId(datasets.count(world.chain))
    (source / "table.csv").write_text("other,data\n1,2\n")

    with pytest.raises(ChangedWhileReadingError, match=f"as dataset {first} by an earlier run"):
        hospital.register(source)
    again = hospital.register(source)

    assert again.dataset == first + 1
    assert (
        datasets.dataset(world.chain, first).key_commitment
        != datasets.dataset(world.chain, again.dataset).key_commitment
    )


def test_data_that_changed_before_it_was_sent_gets_another_key(hospital: Institution, source: Path) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        interrupted(monkeypatch, sent=False)
        with pytest.raises(Interrupted):
            hospital.register(source)
    (source / "table.csv").write_text("other,data\n1,2\n")

    hospital.register(source)

    assert len(hospital.keystore.list(KeyKind.DATASET)) == 2


def test_a_lost_key_of_an_interrupted_registration_begins_it_anew(hospital: Institution, source: Path) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        interrupted(monkeypatch, sent=False)
        with pytest.raises(Interrupted):
            hospital.register(source)
    (lost,) = hospital.keystore.list(KeyKind.DATASET)
    hospital.keystore.delete(lost.label)

    done = hospital.register(source)

    (kept,) = hospital.keystore.list(KeyKind.DATASET)
    assert kept.public != lost.public
    assert done.outcome is not None


def test_one_transaction_registers_many(world: World, hospital: Institution, source: Path) -> None:
    registrar = hospital.registrar()
    sources = [source / "table.csv", source / "images"]

    done = record([prepare(path, METADATA, statement(), registrar) for path in sources], registrar)

    assert [item.dataset for item in done] == [datasets.count(world.chain) - 1, datasets.count(world.chain)]
    assert done[0].outcome == done[1].outcome


def test_a_batch_interrupted_in_the_middle_sends_only_what_is_missing(hospital: Institution, source: Path) -> None:
    registrar = hospital.registrar()
    sources = [source / "table.csv", source / "images"]
    with pytest.MonkeyPatch.context() as monkeypatch:
        interrupted(monkeypatch, sent=True)
        with pytest.raises(Interrupted):
            register(sources[0], METADATA, statement(), registrar)

    done = record([prepare(path, METADATA, statement(), registrar) for path in sources], registrar)

    assert done[0].outcome is None
    assert done[1].outcome is not None
    assert len({item.dataset for item in done}) == 2


def test_what_the_ledger_would_refuse_is_refused_before_anything_is_encrypted(
    hospital: Institution, company: Institution, source: Path
) -> None:
    for institution, changes, name in (
        (company, {}, "MemberLacksKind"),
        (hospital, {"parents": (999,)}, "DatasetUnknown"),
        (hospital, {"supersedes": 999}, "DatasetUnknown"),
    ):
        with pytest.raises(RefusedError) as caught:
            institution.register(source, **changes)
        assert caught.value.name == name
        assert institution.keystore.list(KeyKind.DATASET) == ()
    assert hospital.store.pins() == frozenset()


def test_a_stranger_registers_nothing(world: World, hospital: Institution, source: Path) -> None:
    stranger = Institution(world, world.stranger, hospital.home.parent / "stranger", hospital.store)

    with pytest.raises(RefusedError) as caught:
        stranger.register(source)

    assert caught.value.name == "NotMember"


def test_nothing_is_registered_that_has_no_bytes(hospital: Institution, tmp_path: Path) -> None:
    (tmp_path / "hollow" / "empty").mkdir(parents=True)

    with pytest.raises(InputError, match="not a byte"):
        hospital.register(tmp_path / "hollow")


def test_a_symbolic_link_in_the_tree_is_refused_and_nothing_is_stored(hospital: Institution, source: Path) -> None:
    (source / "link").symlink_to("/etc/passwd")

    with pytest.raises(PathError, match="symbolic link"):
        hospital.register(source)

    assert hospital.store.pins() == frozenset()
    assert hospital.keystore.list(KeyKind.DATASET) == ()


def test_a_second_process_on_the_same_source_waits_its_turn(hospital: Institution, source: Path) -> None:
    with (
        hospital.registrar().journal(source).locked(),
        pytest.raises(UsageError, match="being registered by another process"),
    ):
        hospital.register(source)


def test_every_store_that_is_asked_for_has_everything(
    world: World, hospital: Institution, source: Path, tmp_path: Path
) -> None:
    with EmbeddedStore(tmp_path / "second") as second, EmbeddedStore(tmp_path / "third") as third:
        done = register(source, METADATA, statement(), hospital.registrar(second, third))

        for replica in (second, third):
            assert verify(done.dataset, chain=world.chain, store=replica).plaintext_size == done.size
            assert replica.pins() == hospital.store.pins()


def test_a_replica_that_fails_leaves_nothing_registered_and_the_same_call_mends_it(
    world: World, hospital: Institution, source: Path, tmp_path: Path
) -> None:
    before = datasets.count(world.chain)
    with EmbeddedStore(tmp_path / "second") as second:
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(second, "add", _unavailable)
            with pytest.raises(StoreUnavailableError):
                register(source, METADATA, statement(), hospital.registrar(second))
        assert datasets.count(world.chain) == before

        done = register(source, METADATA, statement(), hospital.registrar(second))

        assert done.dataset == before + 1
        assert len(hospital.keystore.list(KeyKind.DATASET)) == 1


def _unavailable(*_: object, **__: object) -> None:
    raise StoreUnavailableError("The store does not answer", why="it is down", fix="start it")


def test_verification_finds_what_is_missing_and_what_is_altered(
    world: World, hospital: Institution, source: Path
) -> None:
    done = hospital.register(source)
    bodies = sorted(p for p in (hospital.store.directory / "objects").rglob("*") if p.is_file())
    largest = max(bodies, key=lambda path: path.stat().st_size)
    data = largest.read_bytes()
    largest.chmod(0o600)

    largest.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(CidMismatchError):
        verify(done.dataset, chain=world.chain, store=hospital.store)
    largest.unlink()
    with pytest.raises(NotStoredError):
        verify(done.dataset, chain=world.chain, store=hospital.store)


def test_a_transaction_that_leaves_no_trace_is_not_acknowledged(hospital: Institution, source: Path) -> None:
    """A node that says a transaction was mined and shows a ledger without it."""
    registrar = hospital.registrar()
    prepared = prepare(source, METADATA, statement(), registrar)

    class Silent(Sender):
        def send(self, call: Call, *, rehearsal: Call | None = None, timeout: float = 120.0) -> Outcome:
            del call, rehearsal, timeout
            return Outcome(tx_hash=bytes(32), block_number=1, gas_used=21_000, events=())

    silent = replace(registrar, sender=Silent(hospital.world.chain, hospital.person.signer))
    with pytest.raises(TransactionError, match="was not registered"):
        record([prepared], silent)
