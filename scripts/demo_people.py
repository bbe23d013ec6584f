"""The people of the demonstration: their keys, what they did, and what it cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from rich.console import Console

from ledger.acts.documents import document_digest, keep_document
from ledger.acts.found import Founder
from ledger.acts.keyring import Keyring, delivery_point
from ledger.acts.license import Step
from ledger.acts.organization import organization_document
from ledger.acts.register import Registered, Registrar, Statement, register
from ledger.chain import members, offers
from ledger.chain.calls import Call
from ledger.chain.chain import Chain
from ledger.chain.sender import Sender
from ledger.chain.signers import LocalSigner
from ledger.chain.transactions import Outcome
from ledger.crypto.keystore import KeyKind, Keystore
from ledger.crypto.passphrase import Passphrase
from ledger.errors import LedgerError
from ledger.model.dataset import Publication
from ledger.model.ids import DatasetId, MemberId, OfferId, UnixTime
from ledger.model.licence import LicenceState
from ledger.model.metadata import Metadata
from ledger.model.parties import Admission, DeliveryKey, MemberKind
from ledger.model.terms import DuoCodes, Shares, Terms
from ledger.storage.embedded import EmbeddedStore

DAY: Final = 86_400
PRICE: Final = 1_000_003  # 10,000.03 tokens, which no split divides evenly
BOTH: Final = MemberKind.INSTITUTION | MemberKind.USER
CAST: Final = (
    ("City Hospital", BOTH),
    ("Cancer Registry", BOTH),
    ("Institute of Surgery", BOTH),
    ("Participants' Fund", MemberKind.FUND),
    ("Platform", MemberKind.PLATFORM),
)
HOSPITAL, REGISTRY, INSTITUTE, FUND, PLATFORM = range(5)
LICENCE_TEXT: Final = b"For biomedical research; no attempt to recognise a participant; results are published.\n"

T = TypeVar("T")
Error = TypeVar("Error", bound=LedgerError)
console = Console(highlight=False, soft_wrap=True)


class DemoError(Exception):
    """Something is not as it should be."""


def require(condition: bool, claim: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Check a claim, and say that it holds."""
    if not condition:
        raise DemoError(f"it does not hold that {claim}")
    console.print(f"   [green]✓[/] {claim}")


def refused(kind: type[Error], act: Callable[[], object], claim: str) -> Error:
    """Check that an act is refused, and say in which words."""
    try:
        act()
    except kind as error:
        console.print(f"   [green]✓[/] {claim}")
        console.print(f"     “{error}”", style="dim", markup=False)
        return error
    raise DemoError(f"it does not hold that {claim}")


def say(sentence: str) -> None:
    """Tell what happens next."""
    console.print(f"\n[bold]{sentence}[/]")


@dataclass(frozen=True)
class OnePassphrase:
    """Somebody with one passphrase for all keys."""

    passphrase: Passphrase

    def unlock(
        self,
        name: str,  # noqa: ARG002 - one passphrase for all
        attempt: Callable[[Passphrase], T],
    ) -> T:
        """What `attempt` makes of it."""
        return attempt(self.passphrase)

    def new(self, name: str) -> Passphrase:  # noqa: ARG002 - as above
        """The same one."""
        return self.passphrase


class Party:
    """An institution with its own keys, in its own home."""

    def __init__(self, home: Path, member: int, name: str, kinds: MemberKind) -> None:
        self.name, self.kinds, self.id, self.home = name, kinds, MemberId(member), home
        self.passphrase = Passphrase(f"a passphrase of {name}")
        self.keystore = Keystore(home / "keys")
        self.keystore.create("wallet", KeyKind.WALLET, self.passphrase)
        self.keyring = Keyring(self.keystore, OnePassphrase(self.passphrase))
        self.signer: LocalSigner = self.keyring.wallet("wallet")

    @property
    def founder(self) -> Founder:
        """What it states when it joins."""
        document = organization_document(self.name, "DE")
        admission = Admission(
            principal=self.signer.address,
            kinds=self.kinds,
            country="DE",
            metadata_digest=document_digest(document),
            name=self.name,
        )
        return Founder(admission, document)


class Story:
    """The ledger, its people, and what has happened so far."""

    def __init__(self, chain: Chain, store: EmbeddedStore, parties: list[Party], work: Path) -> None:
        self.chain, self.store, self.parties, self.work = chain, store, parties, work
        self.token = chain.deployment.address("SettlementToken")
        self.senders = [Sender(chain, party.signer) for party in parties]
        self.gas: list[tuple[str, Party, int]] = []

    def did(self, act: str, who: int, outcome: Outcome | None) -> None:
        """Note the gas of an act."""
        if outcome is None:
            raise DemoError(f"it does not hold that a transaction was sent to {act}")
        self.gas.append((act, self.parties[who], outcome.gas_used))

    def send(self, act: str, who: int, call: Call) -> Outcome:
        """Send a call and note its gas."""
        outcome = self.senders[who].send(call)
        self.did(act, who, outcome)
        return outcome

    def step(self, act: str, who: int, step: Step, state: LicenceState) -> Step:
        """Note a step in a licence's life, and check where it led."""
        self.did(act, who, step.outcome)
        require(step.state is state, f"licence {step.licence} is {state.name.lower()}")
        return step

    def receive_keys_at(self, who: int) -> None:
        """Make a delivery key and register it."""
        party = self.parties[who]
        info = party.keystore.create("delivery", KeyKind.DELIVERY, party.passphrase)
        point = delivery_point(info)
        key = DeliveryKey(x=int.from_bytes(point[:32], "big"), y=int.from_bytes(point[32:], "big"))
        self.send("register a delivery key", who, members.set_delivery_key(key))

    def register(self, source: Path, metadata: Metadata, embargo_until: int = 0) -> Registered:
        """Register data of the hospital's that the registry collected."""
        hospital = self.parties[HOSPITAL]
        registrar = Registrar(
            chain=self.chain,
            sender=self.senders[HOSPITAL],
            stores=[self.store],
            keyring=hospital.keyring,
            journals=hospital.home / "registrations",
        )
        statement = Statement(
            collector=self.parties[REGISTRY].id,
            embargo_until=UnixTime(embargo_until),
            attribution="Cancer Registry and City Hospital",
        )
        done = register(source, metadata, statement, registrar)
        self.did("register a dataset", HOSPITAL, done.outcome)
        return done

    def offer(self, dataset: DatasetId) -> OfferId:
        """Offer a dataset of the hospital's."""
        text = keep_document(LICENCE_TEXT, [self.store])
        terms = Terms(
            token=self.token,
            price=PRICE,
            duration=365 * DAY,
            duo=DuoCodes.of("DUO:0000006", "DUO:0000019"),
            shares=Shares(
                collector_share=2_500,
                holder_share=5_500,
                fund_share=1_500,
                platform_share=500,
                fund=self.parties[FUND].id,
                platform=self.parties[PLATFORM].id,
            ),
            prose_digest=document_digest(LICENCE_TEXT),
        )
        require(text.digest == terms.prose_digest, f"the licence text is stored as {text}")
        call = offers.publish([Publication(dataset=dataset, terms=terms)])
        outcome = self.send("publish an offer", HOSPITAL, call)
        return OfferId(outcome.event("OfferPublished").arguments["offer"])
