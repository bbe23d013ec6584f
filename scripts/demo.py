"""The main job, told step by step, on real clinical data and a real chain.

    python scripts/demo.py                # on an anvil of its own, in a temporary directory
    python scripts/demo.py --rpc URL      # on a local chain that runs already

A hospital registers a study that a cancer registry collected; an institute licenses it with its own wallet, pays,
receives the key and opens the data; the money is shared. Three refusals follow. Every claim is checked: the script ends
with an error if anything is not as it should be.

The data is real and ships with packages: the NCCTG lung cancer survival study (`lifelines`) and medical images and an
electrocardiogram in DICOM (`pydicom`).
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pydicom import dcmread
from rich.table import Table

from ledger.acts.deliver import deliver, delivery_context
from ledger.acts.found import found
from ledger.acts.holdings import Holdings
from ledger.acts.license import Step, agree, apply_for, approve, sign
from ledger.acts.local import fund
from ledger.acts.open import open_licensed
from ledger.acts.pay import pay
from ledger.acts.register import Registered
from ledger.acts.settle import accept, settle, withdraw
from ledger.chain import benefits, datasets, delivery, members, offers, tokens
from ledger.chain.anvil import Anvil
from ledger.chain.chain import Chain
from ledger.chain.deployment import Deployment
from ledger.chain.node import Node
from ledger.crypto.exchange import unwrap_key
from ledger.crypto.keystore import KeyKind
from ledger.errors import CidMismatchError, KeyMaterialError, LedgerError, RefusedError
from ledger.model.cid import Cid
from ledger.model.ids import LicenceId
from ledger.model.licence import EscrowStatus, LicenceState
from ledger.model.metadata import Metadata, Organization
from ledger.sealing.verify import read_manifest
from ledger.storage.embedded import EmbeddedStore
from scripts.demo_people import (
    CAST,
    DAY,
    FUND,
    HOSPITAL,
    INSTITUTE,
    PLATFORM,
    PRICE,
    REGISTRY,
    DemoError,
    Party,
    Story,
    console,
    refused,
    require,
    say,
)

COIN: Final = 10**18
PURSE: Final = 2_000_000
IMAGES: Final = ("CT_small.dcm", "MR_small.dcm", "rtdose.dcm", "waveform_ecg.dcm")
PURPOSE: Final = b"Survival after surgery of the lung: a model with imaging features, two years, one team.\n"


def clinical_data(directory: Path) -> Path:
    """The study: a survival table, and images in DICOM, as the packages ship them."""
    (directory / "imaging").mkdir(parents=True)
    shutil.copyfile(shipped("lifelines", "datasets", "lung.csv"), directory / "lung.csv")
    for name in IMAGES:
        shutil.copyfile(shipped("pydicom", "data", "test_files", name), directory / "imaging" / name)
    return directory


def shipped(package: str, *parts: str) -> Path:
    """A file inside an installed package."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise DemoError(f"it does not hold that {package} is installed")
    return Path(spec.submodule_search_locations[0]).joinpath(*parts)


def contents(directory: Path) -> dict[str, bytes]:
    """Every file below a directory."""
    return {str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


def description(name: str) -> Metadata:
    """A public description."""
    return Metadata(
        name=name,
        description="Survival of 228 patients with advanced lung cancer (North Central Cancer Treatment Group), "
        "with CT, MR, dose and ECG recordings in DICOM.",
        date_published=date(2026, 1, 15),
        license="https://example.org/licences/biomedical-research",
        creator=Organization(id="https://example.org/cancer-registry", name="Cancer Registry"),
        keywords=("survival", "lung cancer", "DICOM"),
        measurement_technique="CT, MR, ECG",
    )


def main_path(story: Story) -> tuple[Registered, LicenceId]:
    """From registration to the shared money."""
    chain, store, parties = story.chain, story.store, story.parties
    by = story.senders
    study = clinical_data(story.work / "study")

    say("1. City Hospital encrypts a study that Cancer Registry collected, stores it, and registers it.")
    done = story.register(study, description("NCCTG lung cancer with imaging"))
    require(datasets.dataset(chain, done.dataset).size == done.size, f"dataset {done.dataset} has {done.size} bytes")
    stored = b"".join(part for entry in read_manifest(store, done.manifest).files for part in store.open(entry.body))
    require(b"DICM" not in stored and b"lung.csv" not in stored, "neither data nor file names can be read in the store")

    say("2. It offers licences for biomedical research, at 10,000.03 a year.")
    offer = story.offer(done.dataset)
    require(offers.offer(chain, offer).open, f"offer {offer} is open")

    say("3. Institute of Surgery applies for a licence, with its purpose; the hospital approves.")
    applied = apply_for(offer, PURPOSE, chain=chain, sender=by[INSTITUTE], stores=[store])
    licence = story.step("apply", INSTITUTE, applied, LicenceState.APPLIED).licence
    story.step("approve", HOSPITAL, approve(licence, chain=chain, sender=by[HOSPITAL]), LicenceState.APPROVED)

    say("4. Both sign the agreement (EIP-712), the hospital first, the institute with the same deadline.")
    first = sign(licence, chain=chain, signer=parties[HOSPITAL].signer)
    second = sign(licence, chain=chain, signer=parties[INSTITUTE].signer, deadline=first.deadline)
    agreed = agree(first, second, chain=chain, sender=by[INSTITUTE])
    story.step("conclude the agreement", INSTITUTE, agreed, LicenceState.AGREED)

    say("5. The institute pays into escrow with a permit (ERC-2612); the hospital delivers the key.")
    paid = pay(licence, chain=chain, sender=by[INSTITUTE], signer=parties[INSTITUTE].signer)
    story.step("pay with a permit", INSTITUTE, paid, LicenceState.PAID)
    holdings = Holdings(parties[HOSPITAL].home / "registrations", chain.deployment.anchor.hash)
    keyring = parties[HOSPITAL].keyring
    delivered = deliver(licence, chain=chain, sender=by[HOSPITAL], keyring=keyring, holdings=holdings)
    story.step("deliver the key", HOSPITAL, delivered, LicenceState.DELIVERED)

    say("6. The institute opens the dataset.")
    opened = story.work / "opened"
    open_licensed(licence, opened, chain=chain, store=store, keyring=parties[INSTITUTE].keyring)
    require(contents(opened) == contents(study), f"all {len(contents(study))} files are identical, byte for byte")
    image = dcmread(opened / "imaging" / "CT_small.dcm")
    require(image.Modality == "CT", f"the CT opens: {image.Rows} × {image.Columns} points")

    say("7. It accepts; the price is split; everyone withdraws.")
    story.step("accept", INSTITUTE, accept(licence, chain=chain, sender=by[INSTITUTE]), LicenceState.ACTIVE)
    story.did("settle", INSTITUTE, settle(licence, chain=chain, sender=by[INSTITUTE]).outcome)
    require(benefits.escrow(chain, licence).status is EscrowStatus.SETTLED, "the escrow is settled")
    share_out(story)
    return done, licence


def share_out(story: Story) -> None:
    """Let each member withdraw its share, and check the sums."""
    expected = {HOSPITAL: 550_003, REGISTRY: 250_000, FUND: 150_000, PLATFORM: 50_000}
    for who, amount in expected.items():
        party = story.parties[who]
        done = withdraw(party.id, story.token, chain=story.chain, sender=story.senders[who])
        story.did("withdraw", who, done.outcome)
        require(done.amount == amount, f"{party.name} withdrew {money(amount)}")
    held = [tokens.balance_of(story.chain, story.token, party.signer.address) for party in story.parties]
    require(sum(expected.values()) == PRICE, "the shares sum to the price exactly")
    require(sum(held) == PURSE, "no unit was made or lost")
    left = tokens.balance_of(story.chain, story.token, story.chain.deployment.address("Benefits"))
    require(left == 0, "nothing is left in escrow")


def refusals(story: Story, done: Registered, licence: LicenceId) -> None:
    """What the ledger does not let happen."""
    say("8. A second study is under embargo for a year. The institute applies all the same.")
    image = story.work / "embargoed"
    image.mkdir()
    shutil.copyfile(shipped("pydicom", "data", "test_files", "liver_1frame.dcm"), image / "liver.dcm")
    embargoed = story.register(image, description("Liver segmentation"), story.chain.now() + 365 * DAY)
    offer = story.offer(embargoed.dataset)

    def apply_early() -> Step:
        sender = story.senders[INSTITUTE]
        return apply_for(offer, PURPOSE, chain=story.chain, sender=sender, stores=[story.store])

    error = refused(RefusedError, apply_early, "no licence during an embargo")
    require(error.name == "EmbargoInForce", "it was the embargo that refused")

    say("9. A store gives out an encrypted file in which one bit was changed.")
    body = max(read_manifest(story.store, done.manifest).files, key=lambda entry: entry.ciphertext_size).body
    tampered = story.work / "tampered"
    shutil.copytree(story.work / "store", tampered)
    flip_a_bit(tampered, body)
    target = story.work / "from-the-tampered-store"

    def open_tampered() -> object:
        with EmbeddedStore(tampered) as store:
            keyring = story.parties[INSTITUTE].keyring
            return open_licensed(licence, target, chain=story.chain, store=store, keyring=keyring)

    refused(CidMismatchError, open_tampered, "tampered ciphertext is refused")
    require(not target.exists(), "no plaintext appeared")

    say("10. Cancer Registry, which did not license the study, tries its own key on the delivery.")
    delivered = delivery.delivery(story.chain, licence)
    if delivered is None:
        raise DemoError("it does not hold that a key was delivered")
    registry = story.parties[REGISTRY]
    secret = registry.keystore.unlock("delivery", registry.passphrase, kind=KeyKind.DELIVERY)

    def unwrap_with_another() -> object:
        commitment = datasets.dataset(story.chain, done.dataset).key_commitment
        context = delivery_context(story.chain, licence)
        wrapped, ephemeral = delivered.wrapped_key, delivered.ephemeral_key
        return unwrap_key(wrapped, ephemeral, secret, context=context, commitment=commitment)

    refused(KeyMaterialError, unwrap_with_another, "the wrong buyer's key opens nothing")


def flip_a_bit(store: Path, cid: Cid) -> None:
    """Change one bit of a stored file."""
    path = next((store / "objects").rglob(str(cid)))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def money(units: int) -> str:
    """Token units as people write them."""
    return f"{units // 100:,}.{units % 100:02d}"


def summary(story: Story, done: Registered) -> None:
    """Tables of what it cost and what came of it."""
    gas = Table("Act", "Who", "Gas", title="Transactions")
    gas.columns[2].justify = "right"
    for act, party, used in story.gas:
        gas.add_row(act, party.name, f"{used:,}")
    gas.add_section()
    gas.add_row("all", "", f"{sum(used for _, _, used in story.gas):,}")
    console.print("", gas)

    cids = Table("What", "CID", title="Content")
    cids.add_row("manifest", str(done.manifest))
    cids.add_row("description", str(done.metadata))
    for entry in read_manifest(story.store, done.manifest).files:
        cids.add_row("names" if entry.index == 0 else f"file {entry.index}", str(entry.body))
    console.print("", cids)

    balances = Table("Member", "Account", "Tokens", "To withdraw", title="Money")
    balances.columns[1].overflow = "fold"
    for column in balances.columns[2:]:
        column.justify = "right"
    for party in story.parties:
        held = tokens.balance_of(story.chain, story.token, party.signer.address)
        owed = benefits.balance(story.chain, party.id, story.token)
        balances.add_row(party.name, party.signer.address, money(held), money(owed))
    console.print("", balances)


def prepare(rpc: str, work: Path) -> list[Party]:
    """Keys for everybody, coins for gas, and a ledger, whose authority is the hospital for this demonstration."""
    say("0. Five members make their keys; a ledger is deployed for them.")
    homes = [work / name.lower().replace(" ", "-").replace("'", "") for name, _ in CAST]
    parties = [
        Party(home, place, *person) for place, (home, person) in enumerate(zip(homes, CAST, strict=True), start=1)
    ]
    with Node(rpc) as node:
        for party in parties:
            fund(node, party.signer.address, COIN)
    with EmbeddedStore(work / "store") as store:
        found(
            rpc,
            parties[HOSPITAL].signer,
            [party.founder for party in parties],
            work / "deployment.json",
            authority=parties[HOSPITAL].signer.address,
            stores=[store],
        )
    return parties


def tell(rpc: str, work: Path) -> None:
    """The whole story, on the node at `rpc`."""
    parties = prepare(rpc, work)
    deployment = Deployment.read(work / "deployment.json")
    with Chain.connect(rpc, deployment) as chain, EmbeddedStore(work / "store") as store:
        story = Story(chain, store, parties, work)
        require(members.count(chain) == len(CAST), f"the ledger has {len(CAST)} members")
        mint = tokens.mint(story.token, parties[INSTITUTE].signer.address, PURSE)
        story.senders[HOSPITAL].send(mint)
        story.receive_keys_at(INSTITUTE)
        story.receive_keys_at(REGISTRY)
        done, licence = main_path(story)
        refusals(story, done, licence)
        summary(story, done)


def main() -> int:
    """Run the demonstration; the exit code is zero if everything was as it should be."""
    parser = argparse.ArgumentParser(description="The main job on real clinical data, from registration to withdrawal.")
    parser.add_argument("--rpc", metavar="URL", help="a local chain that runs already (default: an anvil of its own)")
    rpc: str | None = parser.parse_args().rpc
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="ledger-demo-") as work, contextlib.ExitStack() as stack:
            tell(rpc or stack.enter_context(Anvil()).url, Path(work))
    except (DemoError, LedgerError) as error:
        console.print(f"\nThe demonstration failed: {error}", style="red", markup=False)
        return 1
    console.print(f"\nEverything is as it should be, in {time.monotonic() - began:.0f} s.", style="bold green")
    return 0


if __name__ == "__main__":
    sys.exit(main())
