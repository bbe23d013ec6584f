from __future__ import annotations

import json
import stat
import threading
from pathlib import Path

import pytest
from eth_account import Account

from ledger.crypto.derive import DatasetKey
from ledger.crypto.exchange import delivery_public_key
from ledger.crypto.header import public_key
from ledger.crypto.keystore import KeyInfo, KeyKind, Keystore
from ledger.crypto.passphrase import Passphrase
from ledger.errors import DocumentError, KeyMaterialError, StorageError

PASSPHRASE = Passphrase("correct horse")
SECRET = bytes(range(1, 33))


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    return Keystore(tmp_path / "home" / "keys", cost=2)


@pytest.mark.parametrize(
    ("kind", "public"),
    [
        (KeyKind.WALLET, bytes.fromhex(Account.from_key(SECRET).address[2:])),
        (KeyKind.DELIVERY, delivery_public_key(SECRET)),
        (KeyKind.DATASET, DatasetKey(SECRET).commitment),
        (KeyKind.CRYPT4GH, public_key(SECRET)),
    ],
)
def test_a_key_of_each_kind_is_kept_with_its_public_part(keystore: Keystore, kind: KeyKind, public: bytes) -> None:
    info = keystore.import_("mine", kind, SECRET, PASSPHRASE)
    assert info == KeyInfo("mine", kind, public)
    assert keystore.info("mine") == keystore.find(kind, public) == info
    assert keystore.unlock("mine", PASSPHRASE, kind=kind) == SECRET


def test_files_are_for_their_owner_alone(keystore: Keystore) -> None:
    keystore.create("mine", KeyKind.WALLET, PASSPHRASE)
    assert stat.S_IMODE(keystore.directory.stat().st_mode) == 0o700
    assert [path.name for path in keystore.directory.iterdir()] == ["mine.json"]
    assert stat.S_IMODE((keystore.directory / "mine.json").stat().st_mode) == 0o600


def test_the_secret_is_nowhere_in_the_clear(keystore: Keystore) -> None:
    keystore.import_("mine", KeyKind.DATASET, SECRET, PASSPHRASE)
    data = (keystore.directory / "mine.json").read_bytes()
    assert SECRET not in data
    assert SECRET.hex().encode() not in data.lower()


def test_created_keys_differ(keystore: Keystore) -> None:
    infos = [keystore.create(f"key-{kind}", kind, PASSPHRASE) for kind in KeyKind]
    assert len({info.public for info in infos}) == 4
    assert keystore.list() == tuple(sorted(infos, key=lambda info: info.label))
    assert keystore.list(KeyKind.DELIVERY) == (keystore.info("key-delivery"),)


def test_a_dataset_key_is_found_by_its_commitment(keystore: Keystore) -> None:
    key = DatasetKey.generate()
    keystore.create("other", KeyKind.DATASET, PASSPHRASE)
    keystore.import_("study", KeyKind.DATASET, key.secret, PASSPHRASE)
    assert keystore.unlock_dataset_key(key.commitment, PASSPHRASE) == key
    with pytest.raises(KeyMaterialError, match="There is no dataset key 0x00"):
        keystore.unlock_dataset_key(bytes(32), PASSPHRASE)


def test_a_wrong_passphrase_or_kind_is_refused(keystore: Keystore) -> None:
    keystore.create("mine", KeyKind.WALLET, PASSPHRASE)
    with pytest.raises(KeyMaterialError, match="The key mine stays locked"):
        keystore.unlock("mine", Passphrase("wrong"), kind=KeyKind.WALLET)
    with pytest.raises(KeyMaterialError, match="it is a wallet key, and a delivery key is needed"):
        keystore.unlock("mine", PASSPHRASE, kind=KeyKind.DELIVERY)
    with pytest.raises(KeyMaterialError, match="is needed"):
        _ = KeyInfo("mine", KeyKind.DATASET, bytes(32)).address


def test_nothing_is_overwritten(keystore: Keystore) -> None:
    first = keystore.create("mine", KeyKind.WALLET, PASSPHRASE)
    with pytest.raises(KeyMaterialError, match="never overwritten"):
        keystore.create("mine", KeyKind.DATASET, PASSPHRASE)
    assert keystore.list() == (first,)


def test_of_many_at_once_one_gets_the_name(keystore: Keystore) -> None:
    made: list[KeyInfo] = []
    refused: list[KeyMaterialError] = []

    def create() -> None:
        try:
            made.append(keystore.create("mine", KeyKind.DELIVERY, PASSPHRASE))
        except KeyMaterialError as error:
            refused.append(error)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keystore.list() == tuple(made)
    assert len(refused) == 7
    assert [path.name for path in keystore.directory.iterdir()] == ["mine.json"]


@pytest.mark.parametrize("label", ["", ".hidden", "-x", "../escape", "a/b", "a b", "ä", "a" * 65, "a\0", "a\n"])
def test_a_name_that_is_no_file_name_is_refused(keystore: Keystore, label: str) -> None:
    for use in (keystore.info, keystore.delete, lambda name: keystore.create(name, KeyKind.WALLET, PASSPHRASE)):
        with pytest.raises(KeyMaterialError, match="cannot name a key"):
            use(label)
    assert not keystore.directory.exists()


def test_a_missing_key_is_said_so(keystore: Keystore) -> None:
    assert keystore.list() == ()
    for use in (keystore.info, keystore.delete):
        with pytest.raises(KeyMaterialError, match="There is no key mine"):
            use("mine")
    keystore.create("other", KeyKind.WALLET, PASSPHRASE)
    with pytest.raises(KeyMaterialError, match="There is no key mine"):
        keystore.unlock("mine", PASSPHRASE, kind=KeyKind.WALLET)


def test_a_deleted_key_is_gone(keystore: Keystore) -> None:
    keystore.create("mine", KeyKind.WALLET, PASSPHRASE)
    keystore.delete("mine")
    assert keystore.list() == ()
    keystore.create("mine", KeyKind.WALLET, PASSPHRASE)


def test_an_open_directory_is_refused(keystore: Keystore) -> None:
    keystore.create("mine", KeyKind.WALLET, PASSPHRASE)
    keystore.directory.chmod(0o750)
    for use in (keystore.list, lambda: keystore.info("mine"), lambda: keystore.create("x", KeyKind.WALLET, PASSPHRASE)):
        with pytest.raises(KeyMaterialError, match="chmod 700"):
            use()


def test_a_malformed_file_is_named(keystore: Keystore) -> None:
    keystore.create("mine", KeyKind.WALLET, PASSPHRASE)
    (keystore.directory / "mine.json").write_bytes(b"{}")
    for use in (keystore.list, lambda: keystore.info("mine")):
        with pytest.raises(DocumentError, match="The file of key mine is not a usable key file"):
            use()


def test_a_file_that_says_something_false_is_refused(keystore: Keystore) -> None:
    keystore.create("mine", KeyKind.WALLET, PASSPHRASE)
    path = keystore.directory / "mine.json"
    document = json.loads(path.read_bytes())
    document["ledger"]["public"] = "0x" + "11" * 20
    path.write_text(json.dumps(document))
    with pytest.raises(KeyMaterialError, match="the file was altered"):
        keystore.unlock("mine", PASSPHRASE, kind=KeyKind.WALLET)


def test_a_renamed_or_foreign_file_is_refused(keystore: Keystore) -> None:
    keystore.create("mine", KeyKind.WALLET, PASSPHRASE)
    path = keystore.directory / "mine.json"
    path.rename(keystore.directory / "yours.json")
    with pytest.raises(KeyMaterialError, match="it says that it is 'mine'"):
        keystore.info("yours")
    (keystore.directory / "yours.json").write_text(json.dumps(Account.encrypt(SECRET, "x", kdf="pbkdf2", iterations=2)))
    with pytest.raises(KeyMaterialError, match="it does not say what it is"):
        keystore.list()


def test_another_programs_wallet_can_be_imported(keystore: Keystore) -> None:
    foreign = json.dumps(Account.encrypt(SECRET, "correct horse", kdf="pbkdf2", iterations=2)).encode()
    info = keystore.import_wallet("mine", foreign, PASSPHRASE)
    assert info.address == Account.from_key(SECRET).address
    assert keystore.unlock("mine", PASSPHRASE, kind=KeyKind.WALLET) == SECRET
    with pytest.raises(KeyMaterialError, match="stays locked"):
        keystore.import_wallet("again", foreign, Passphrase("wrong"))
    with pytest.raises(DocumentError, match="not a usable key file"):
        keystore.import_wallet("again", b"{}", PASSPHRASE)


@pytest.mark.parametrize(
    ("kind", "secret"), [(KeyKind.WALLET, bytes(32)), (KeyKind.DATASET, b"x"), (KeyKind.CRYPT4GH, b"x")]
)
def test_what_is_no_secret_of_its_kind_is_refused(keystore: Keystore, kind: KeyKind, secret: bytes) -> None:
    with pytest.raises(KeyMaterialError):
        keystore.import_("mine", kind, secret, PASSPHRASE)
    assert keystore.list() == ()


def test_a_disk_error_leaves_nothing(keystore: Keystore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.link", fail)
    with pytest.raises(StorageError, match="input/output error"):
        keystore.create("mine", KeyKind.WALLET, PASSPHRASE)
    assert list(keystore.directory.iterdir()) == []
