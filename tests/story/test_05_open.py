"""The licensee opens the data: identical byte for byte, or not at all."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from crypt4gh.lib import decrypt as crypt4gh_decrypt
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ledger.acts.export import export_licensed
from ledger.acts.open import open_licensed
from ledger.chain import delivery, licences
from ledger.crypto.derive import DatasetKey
from ledger.crypto.keystore import KeyKind
from ledger.errors import CidMismatchError, KeyMaterialError, NotStoredError, PathError, RefusedError
from ledger.model.ids import LicenceId
from ledger.storage.embedded import EmbeddedStore
from tests.support.institution import Institution, contents
from tests.support.story import Story
from tests.support.world import YEAR


def opened(who: Institution, licence: LicenceId, target: Path, store: EmbeddedStore | None = None) -> Path:
    open_licensed(licence, target, chain=who.world.chain, store=store or who.store, keyring=who.keyring)
    return target


def test_what_is_opened_is_what_was_registered(story: Story, tmp_path: Path) -> None:
    licence = story.delivered()

    target = opened(story.institute, licence, tmp_path / "opened")

    assert contents(target) == contents(story.source)


def test_opening_twice_is_opening_once(story: Story, tmp_path: Path) -> None:
    licence = story.delivered()

    for _ in range(2):
        assert contents(opened(story.institute, licence, tmp_path / "opened")) == contents(story.source)


def test_nothing_is_written_over(story: Story, tmp_path: Path) -> None:
    licence = story.delivered()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")

    with pytest.raises(PathError):
        opened(story.institute, licence, tmp_path / "taken")

    assert contents(tmp_path / "taken") == {"mine.txt": b"mine"}


def test_another_buyers_keys_open_nothing(story: Story, company: Institution, tmp_path: Path) -> None:
    licence = story.delivered()

    with pytest.raises(KeyMaterialError, match="delivery key of this licence is not in the keystore"):
        opened(company, licence, tmp_path / "opened")

    assert not (tmp_path / "opened").exists()
    with pytest.raises(KeyMaterialError, match="does not open the dataset"):
        story.world.opened(licence, story.world.company)


def test_a_wrong_key_delivered_is_told_before_anything_is_decrypted(story: Story, tmp_path: Path) -> None:
    licence = story.paid()
    wrong = story.world.wrapped(licence, DatasetKey.generate())
    story.world.deliver(licence, wrong)

    with pytest.raises(KeyMaterialError, match="does not open the dataset"):
        opened(story.institute, licence, tmp_path / "opened")

    assert not (tmp_path / "opened").exists()


def test_tampered_ciphertext_is_refused_before_any_plaintext_appears(story: Story, tmp_path: Path) -> None:
    licence = story.delivered()
    shutil.copytree(story.institute.store.directory, tmp_path / "tampered")
    bodies = [p for p in (tmp_path / "tampered" / "objects").rglob("*") if p.is_file()]
    largest = max(bodies, key=lambda path: path.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.chmod(0o600)
    largest.write_bytes(data)

    with EmbeddedStore(tmp_path / "tampered") as store, pytest.raises(CidMismatchError):
        opened(story.institute, licence, tmp_path / "opened", store)

    assert not (tmp_path / "opened").exists()


def test_a_store_without_the_data_is_named(story: Story, tmp_path: Path) -> None:
    licence = story.delivered()

    with EmbeddedStore(tmp_path / "other") as store, pytest.raises(NotStoredError):
        opened(story.institute, licence, tmp_path / "opened", store)


@pytest.mark.parametrize("step", ["applied", "agreed", "paid"])
def test_nothing_opens_before_the_delivery(story: Story, tmp_path: Path, step: str) -> None:
    licence = getattr(story, step)()

    with pytest.raises(RefusedError, match="cannot be used now"):
        opened(story.institute, licence, tmp_path / "opened")

    assert delivery.delivery(story.world.chain, licence) is None


def test_an_expired_licence_opens_nothing_until_it_is_renewed(story: Story, tmp_path: Path) -> None:
    licence = story.delivered()
    story.world.advance(YEAR + 1)

    with pytest.raises(RefusedError, match="expired"):
        opened(story.institute, licence, tmp_path / "opened")


def test_a_refunded_licence_opens_nothing(story: Story, tmp_path: Path) -> None:
    licence = story.delivered()
    story.world.hospital.send(licences.refund(licence))

    with pytest.raises(RefusedError, match="refunded"):
        opened(story.institute, licence, tmp_path / "opened")


def test_a_lost_delivery_key_is_named(story: Story, tmp_path: Path) -> None:
    licence = story.delivered()
    (key,) = story.institute.keystore.list(KeyKind.DELIVERY)
    story.institute.keystore.delete(key.label)

    with pytest.raises(KeyMaterialError, match="restore it"):
        opened(story.institute, licence, tmp_path / "opened")


def test_other_crypt4gh_tools_open_what_is_exported_for_them(story: Story, tmp_path: Path) -> None:
    """The reference implementation reads every file with the recipient's own key."""
    licence, who = story.delivered(), story.institute
    secret = X25519PrivateKey.generate()
    reader = secret.private_bytes_raw()

    names = export_licensed(
        licence,
        secret.public_key().public_bytes_raw(),
        tmp_path / "exported",
        chain=who.world.chain,
        store=who.store,
        keyring=who.keyring,
    )

    assert names == ("images/ct.dcm.c4gh", "table.csv.c4gh")
    for name in names:
        out = io.BytesIO()
        with (tmp_path / "exported" / name).open("rb") as file:
            crypt4gh_decrypt([(0, reader, None)], file, out)
        assert out.getvalue() == (story.source / name.removesuffix(".c4gh")).read_bytes()


def test_nothing_is_exported_of_what_is_damaged(story: Story, tmp_path: Path) -> None:
    licence, who = story.delivered(), story.institute
    bodies = [path for path in (who.store.directory / "objects").rglob("*") if path.is_file()]
    largest = max(bodies, key=lambda path: path.stat().st_size)
    largest.chmod(0o600)
    data = largest.read_bytes()
    largest.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    with pytest.raises(CidMismatchError):
        export_licensed(
            licence,
            X25519PrivateKey.generate().public_key().public_bytes_raw(),
            tmp_path / "exported",
            chain=who.world.chain,
            store=who.store,
            keyring=who.keyring,
        )

    assert not (tmp_path / "exported").exists()
