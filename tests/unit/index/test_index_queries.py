"""What the index answers, against the same questions asked of all its entries one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import update

from ledger.errors import UsageError
from ledger.index import Index, Indexer, Page, queries
from ledger.index.entries import LicenceEntry
from ledger.index.schema import datasets
from ledger.model.dataset import DatasetStatus, Funding, Tier
from ledger.model.ids import Address, DatasetId, LicenceId, MemberId, OfferId
from ledger.model.licence import EscrowStatus, LicenceState, state_at
from ledger.model.parties import MemberKind, MemberStatus
from tests.support.simulated_chain import SimulatedChain
from tests.support.simulated_ledger import DAY, TOKENS, ZERO, account

T = TypeVar("T")


@pytest.fixture(scope="module")
def chain() -> SimulatedChain:
    simulated = SimulatedChain(seed=3)
    simulated.grow(350)
    return simulated


@pytest.fixture(scope="module")
def index(chain: SimulatedChain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with Index(f"sqlite:///{tmp_path_factory.mktemp('index')}/index.db") as opened:
        Indexer(opened, chain).sync()
        yield opened


def everything(ask: Callable[..., Page[T]], limit: int = 100) -> list[T]:
    found: list[T] = []
    cursor = None
    while True:
        page = ask(cursor=cursor, limit=limit)
        assert page.items or cursor is None
        assert len(page.items) <= limit
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found


LISTS: dict[str, Callable[[Index], Callable[..., Page[Any]]]] = {
    "members": lambda index: lambda **page: queries.members(index, **page),
    "datasets": lambda index: lambda **page: queries.datasets(index, **page),
    "offers": lambda index: lambda **page: queries.offers(index, **page),
    "licences": lambda index: lambda **page: queries.licences(index, at=0, **page),
    "benefits": lambda index: lambda **page: queries.benefits(index, MemberId(4), **page),
    "events": lambda index: lambda **page: queries.events(index, **page),
    "last events": lambda index: lambda **page: queries.events(index, descending=True, **page),
}


@pytest.mark.parametrize("name", LISTS)
def test_pages_of_any_size_give_every_entry_once(index: Index, name: str) -> None:
    ask = LISTS[name](index)
    whole = everything(ask)

    assert whole
    for limit in (1, 7) if len(whole) < 200 else (37,):
        assert everything(ask, limit) == whole


def test_lists_are_in_the_order_they_promise(index: Index, chain: SimulatedChain) -> None:
    state = chain._chain[-1].after

    assert [m.id for m in everything(LISTS["members"](index))] == sorted(state.members)
    assert [d.dataset.id for d in everything(LISTS["datasets"](index))] == sorted(state.datasets, reverse=True)
    assert [o.id for o in everything(LISTS["offers"](index))] == sorted(state.offers, reverse=True)
    assert [e.licence.id for e in everything(LISTS["licences"](index))] == sorted(state.licences, reverse=True)
    told = everything(LISTS["events"](index))
    places = [(e.block_number, e.log_index) for e in told]
    assert places == sorted(places)
    assert everything(LISTS["last events"](index)) == told[::-1]


@pytest.mark.parametrize("limit", [0, -1, 101, 10**30])
def test_a_page_size_out_of_range_is_refused(index: Index, limit: int) -> None:
    with pytest.raises(UsageError, match="not between 1 and 100"):
        queries.datasets(index, limit=limit)


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "!!!!", "e30", "bnVsbA", "W10", "WzFd", "é", "A" * 600, "W1tbW1tbW1tbW1tbW1tb", "\ud800"],
)
def test_a_malformed_cursor_is_refused(index: Index, cursor: str) -> None:
    with pytest.raises(UsageError, match="cursor cannot be used"):
        queries.datasets(index, cursor=cursor)


def test_a_cursor_of_another_question_is_refused(index: Index) -> None:
    cursor = queries.datasets(index, limit=1, tier=Tier.OPEN).next_cursor
    assert cursor is not None

    assert queries.datasets(index, limit=1, tier=Tier.OPEN, cursor=cursor).items
    for ask in (
        lambda: queries.datasets(index, cursor=cursor),
        lambda: queries.datasets(index, tier=Tier.REGISTERED, cursor=cursor),
        lambda: queries.datasets(index, tier=Tier.OPEN, text="a", cursor=cursor),
        lambda: queries.offers(index, cursor=cursor),
        lambda: queries.events(index, cursor=cursor),
    ):
        with pytest.raises(UsageError, match="another list or to other filters"):
            ask()


def test_a_cursor_holds_while_entries_come(tmp_path: Path) -> None:
    chain = SimulatedChain(seed=3)
    chain.grow(60)
    with Index(f"sqlite:///{tmp_path}/index.db") as index:
        indexer = Indexer(index, chain)
        indexer.sync()
        page = queries.datasets(index, limit=2)
        rest = [entry.dataset.id for entry in everything(LISTS["datasets"](index))[2:]]
        chain.grow(40)
        indexer.sync()

        assert page.next_cursor is not None
        following = queries.datasets(index, limit=100, cursor=page.next_cursor)
        assert [entry.dataset.id for entry in following.items] == rest


# Filters.


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"holder": MemberId(2)}, lambda e: e.dataset.holder == 2),
        ({"collector": MemberId(1)}, lambda e: e.dataset.collector == 1),
        ({"tier": Tier.CONTROLLED}, lambda e: e.dataset.tier is Tier.CONTROLLED),
        ({"funding": Funding.PUBLIC}, lambda e: e.dataset.funding is Funding.PUBLIC),
        ({"status": DatasetStatus.REVOKED}, lambda e: e.dataset.status is DatasetStatus.REVOKED),
        ({"parent": DatasetId(1)}, lambda e: 1 in e.dataset.parents),
        ({"text": "HOSPITAL city"}, lambda e: e.dataset.attribution == "City Hospital"),
        ({"text": "TÜBINGEN"}, lambda e: "Tübingen" in e.dataset.attribution),
        ({"text": "100% \\_"}, lambda e: e.dataset.attribution.startswith("100%")),
        ({"text": "%"}, lambda e: "%" in e.dataset.attribution),
        ({"text": "_"}, lambda e: "_" in e.dataset.attribution),
        ({"text": "\\"}, lambda e: "\\" in e.dataset.attribution),
        ({"text": "   "}, lambda _: True),
        (
            {"tier": Tier.OPEN, "funding": Funding.MIXED, "text": "city"},
            lambda e: (
                (e.dataset.tier, e.dataset.funding, e.dataset.attribution)
                == (Tier.OPEN, Funding.MIXED, "City Hospital")
            ),
        ),
    ],
)
def test_datasets_are_filtered(index: Index, filters: dict[str, Any], holds: Callable[[Any], bool]) -> None:
    whole = everything(LISTS["datasets"](index))
    expected = [entry for entry in whole if holds(entry)]

    assert everything(lambda **page: queries.datasets(index, **filters, **page)) == expected
    assert expected
    assert len(expected) < len(whole) or filters == {"text": "   "}


def test_datasets_tell_of_their_open_offers(index: Index) -> None:
    offers = everything(LISTS["offers"](index))
    for entry in everything(LISTS["datasets"](index)):
        of_it = [offer for offer in offers if offer.dataset == entry.dataset.id and offer.open]
        lowest: dict[str, int] = {}
        for offer in of_it:
            lowest[offer.terms.token] = min(offer.terms.price, lowest.get(offer.terms.token, 2**128))
        assert entry.open_offers == len(of_it)
        assert {price.token: price.amount for price in entry.lowest_prices} == lowest
    assert any(len(entry.lowest_prices) > 1 for entry in everything(LISTS["datasets"](index)))
    assert any(not offer.open for offer in offers)


def test_datasets_are_found_by_what_their_open_offers_permit(index: Index) -> None:
    offers = everything(LISTS["offers"](index))
    expected = {offer.dataset for offer in offers if offer.open and 22 in offer.terms.duo.codes}

    found = everything(lambda **page: queries.datasets(index, duo=22, **page))
    assert {entry.dataset.id for entry in found} == expected != set()
    for wrong in (-1, 63, 64, 10**9):
        with pytest.raises(UsageError, match="number of a term"):
            queries.datasets(index, duo=wrong)


def test_too_long_a_text_is_refused(index: Index) -> None:
    with pytest.raises(UsageError, match="more than 200 characters"):
        queries.datasets(index, text="a" * 201)


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"dataset": DatasetId(1)}, lambda o, _: o.dataset == 1),
        ({"open": True}, lambda o, _: o.open),
        ({"open": False}, lambda o, _: not o.open),
        ({"token": TOKENS[1]}, lambda o, _: o.terms.token == TOKENS[1]),
        ({"token": ZERO}, lambda o, _: o.terms.price == 0),
        ({"duo": 24}, lambda o, _: 24 in o.terms.duo.codes),
        ({"holder": MemberId(1)}, lambda o, holders: holders[o.dataset] == 1),
    ],
)
def test_offers_are_filtered(index: Index, filters: dict[str, Any], holds: Callable[[Any, Any], bool]) -> None:
    holders = {entry.dataset.id: entry.dataset.holder for entry in everything(LISTS["datasets"](index))}
    expected = [offer for offer in everything(LISTS["offers"](index)) if holds(offer, holders)]

    assert everything(lambda **page: queries.offers(index, **filters, **page)) == expected != []


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"licensee": MemberId(2)}, lambda e, _: e.licence.licensee == 2),
        ({"licensor": MemberId(1)}, lambda e, _: e.licence.licensor == 1),
        ({"dataset": DatasetId(2)}, lambda e, _: e.licence.dataset == 2),
        ({"offer": OfferId(1)}, lambda e, _: e.licence.offer == 1),
        ({"holder": MemberId(3)}, lambda e, holders: holders[e.licence.dataset] == 3),
    ],
)
def test_licences_are_filtered(index: Index, filters: dict[str, Any], holds: Callable[[Any, Any], bool]) -> None:
    holders = {entry.dataset.id: entry.dataset.holder for entry in everything(LISTS["datasets"](index))}
    whole = everything(LISTS["licences"](index))
    expected = [entry for entry in whole if holds(entry, holders)]

    assert everything(lambda **page: queries.licences(index, at=0, **filters, **page)) == expected != []


def test_licences_are_filtered_by_their_state_at_a_time(index: Index) -> None:
    whole = everything(LISTS["licences"](index))
    moments = {0, 2**39} | {
        m + d for e in whole for m in (e.licence.deadline, e.licence.expires_at) for d in (-1, 0, 1)
    }
    seen = set()
    for at in sorted(moments)[:: max(1, len(moments) // 60)]:
        derived = {e.licence.id: state_at(e.licence.stage, e.licence.deadline, e.licence.expires_at, at) for e in whole}
        for state in LicenceState:
            expected = {licence for licence, found in derived.items() if found is state}
            found = everything(lambda state=state, at=at, **page: queries.licences(index, state=state, at=at, **page))
            assert {entry.licence.id for entry in found} == expected
            assert all(entry.licence.state is state for entry in found)
            seen |= {state} if expected else set()
    assert {LicenceState.LAPSED, LicenceState.OVERDUE, LicenceState.ACTIVE, LicenceState.EXPIRED} <= seen


def test_time_is_that_of_the_last_block_or_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = SimulatedChain(seed=3)
    chain.grow(350)
    chain.wait(2 * DAY)
    after = chain.head().time
    with Index(f"sqlite:///{tmp_path}/index.db") as index:
        Indexer(index, chain).sync()
        whole = everything(LISTS["licences"](index))
        stages = {e.licence.stage: e for e in whole if not 0 < e.licence.expires_at <= after}
        lapsed, delivered = stages[LicenceState.AGREED], stages[LicenceState.DELIVERED]

        def now(entry: LicenceEntry) -> LicenceState:
            found = queries.licence(index, entry.licence.id)
            assert found is not None
            assert found in everything(lambda **page: queries.licences(index, state=found.licence.state, **page))
            return found.licence.state

        monkeypatch.setattr(time, "time", lambda: 0.0)
        assert (now(lapsed), now(delivered)) == (LicenceState.LAPSED, LicenceState.ACTIVE)
        monkeypatch.setattr(time, "time", lambda: float(after + 400 * DAY))
        assert now(delivered) is LicenceState.EXPIRED


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"text": "institute zürich"}, lambda m: "Zürich" in m.name),
        ({"kind": MemberKind.FUND | MemberKind.USER}, lambda m: m.kinds & 10 == 10),
        ({"status": MemberStatus.SUSPENDED}, lambda m: m.status is MemberStatus.SUSPENDED),
        ({"country": "JP"}, lambda m: m.country == "JP"),
    ],
)
def test_members_are_filtered(index: Index, filters: dict[str, Any], holds: Callable[[Any], bool]) -> None:
    expected = [member for member in everything(LISTS["members"](index)) if holds(member)]

    assert everything(lambda **page: queries.members(index, **filters, **page)) == expected != []


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"contract": "Offers"}, lambda e: e.contract == "Offers"),
        ({"name": "Credited"}, lambda e: e.name == "Credited"),
        (
            {"offer": OfferId(2)},
            lambda e: e.arguments.get("offer") == 2 or e.arguments.get("agreement", {}).get("offer") == 2,
        ),
        (
            {"licence": LicenceId(1), "name": "LicenceApplied"},
            lambda e: e.name == "LicenceApplied" and e.arguments["licence"] == 1,
        ),
        ({"first_block": 50, "last_block": 60}, lambda e: 50 <= e.block_number <= 60),
        ({"contract": "Licences", "name": "Transfer"}, lambda e: (e.contract, e.name) == ("Licences", "Transfer")),
    ],
)
def test_events_are_filtered(index: Index, filters: dict[str, Any], holds: Callable[[Any], bool]) -> None:
    expected = [event for event in everything(LISTS["events"](index)) if holds(event)]

    assert everything(lambda **page: queries.events(index, **filters, **page)) == expected != []


def test_the_story_of_a_dataset_has_its_token_its_children_and_its_licences(index: Index) -> None:
    told = everything(lambda **page: queries.events(index, dataset=DatasetId(1), **page))
    names = {(event.contract, event.name) for event in told}

    assert {("Datasets", "Transfer"), ("Datasets", "DatasetRegistered"), ("Licences", "LicenceApplied")} <= names
    children = [e for e in told if e.name == "DatasetRegistered" and e.arguments["dataset"] != 1]
    assert all(
        1 in [*e.arguments["registration"]["parents"], e.arguments["registration"]["supersedes"]] for e in children
    )
    assert children


def test_events_of_a_transaction(index: Index, chain: SimulatedChain) -> None:
    event = next(event for event in chain.events(100, 200) if event.name == "LicenceDelivered")
    found = queries.events(index, transaction_hash=event.transaction_hash).items  # type: ignore[arg-type] # Digest is bytes

    assert [e.name for e in found] == ["KeyDelivered", "LicenceDelivered", "Transfer", "Locked"]
    assert {e.block_hash for e in found} == {event.block_hash}


def test_nobody_is_no_subject(index: Index) -> None:
    assert queries.events(index, member=MemberId(0)).items == ()
    assert queries.events(index, dataset=DatasetId(0)).items == ()


# One by one.


def test_lists_and_single_reads_agree(index: Index) -> None:
    for member in everything(LISTS["members"](index)):
        assert queries.member(index, member.id) == member
    for entry in everything(LISTS["datasets"](index)):
        assert queries.dataset(index, entry.dataset.id) == entry
        assert queries.dataset_by_manifest(index, entry.dataset.manifest_digest) == entry.dataset.id
    for offer in everything(LISTS["offers"](index)):
        assert queries.offer(index, offer.id) == offer
    for licence in everything(LISTS["licences"](index)):
        assert queries.licence(index, licence.licence.id, at=0) == licence


def test_of_datasets_with_one_manifest_the_one_that_is_not_revoked_is_found(
    tmp_path: Path, chain: SimulatedChain
) -> None:
    """A copy was revoked and its manifest registered anew; then that was revoked and the first reinstated."""
    with Index(f"sqlite:///{tmp_path}/index.db") as opened:
        Indexer(opened, chain).sync()
        former, later = (entry.dataset for entry in queries.datasets(opened, limit=2).items[::-1])
        for revoked, named in ((former, later), (later, former)):
            with opened.writing() as connection:
                for one in (former, later):
                    status = DatasetStatus.REVOKED if one is revoked else DatasetStatus.WITHDRAWN
                    connection.execute(
                        update(datasets)
                        .where(datasets.c.id == one.id)
                        .values(manifest_digest="0x" + former.manifest_digest.hex(), status=int(status))
                    )
            assert queries.dataset_by_manifest(opened, former.manifest_digest) == named.id


def test_what_is_not_there_is_none(index: Index) -> None:
    nobody = Address(account(10**6))
    assert queries.member(index, MemberId(10**6)) is None
    assert queries.member_of(index, nobody) is None
    assert queries.accounts(index, MemberId(10**6)) == ()
    assert queries.dataset(index, DatasetId(10**6)) is None
    assert queries.dataset_by_manifest(index, bytes(32)) is None  # type: ignore[arg-type] # Digest is bytes
    assert queries.metadata(index, DatasetId(1)) is None
    assert queries.offer(index, OfferId(10**6)) is None
    assert queries.licence(index, LicenceId(10**6)) is None
    assert queries.agreement(index, LicenceId(10**6)) is None
    assert queries.delivery(index, LicenceId(10**6)) is None
    assert queries.escrow(index, LicenceId(10**6)) is None
    assert not queries.token_allowed(index, nobody)
    assert queries.benefits(index, MemberId(10**6)).items == ()


def test_accounts_act_for_their_member(index: Index, chain: SimulatedChain) -> None:
    for member, principal in chain._chain[-1].after.members.items():
        assert queries.member_of(index, Address(principal)) == member
        acting = queries.accounts(index, MemberId(member))
        assert Address(principal) in acting
        assert {queries.member_of(index, helper) for helper in acting} == {member}


def test_an_agreement_is_given_back_whole(index: Index, chain: SimulatedChain) -> None:
    event = next(event for event in chain.events(0, chain.height) if event.name == "LicenceAgreed")
    found = queries.agreement(index, LicenceId(event.arguments["licence"]))

    assert found is not None
    assert found.agreement.terms.price == event.arguments["agreement"]["terms"]["price"]
    assert found.agreement.delivery_key.x == event.arguments["agreement"]["delivery_key_x"]
    assert found.agreement.purpose_digest == event.arguments["agreement"]["purpose_digest"]
    assert found.licensor_signature == event.arguments["licensor"]["signature"]
    assert found.licensee_signer == event.arguments["licensee"]["signer"]
    assert found.digest == event.arguments["agreement_digest"]


def test_a_delivery_is_given_back_whole(index: Index, chain: SimulatedChain) -> None:
    event = next(event for event in chain.events(0, chain.height) if event.name == "KeyDelivered")
    found = queries.delivery(index, LicenceId(event.arguments["licence"]))

    assert found is not None
    assert found.wrapped_key == event.arguments["wrapped_key"]
    assert found.ephemeral_key[0] == event.arguments["ephemeral_prefix"]
    assert int.from_bytes(found.ephemeral_key[1:]) == event.arguments["ephemeral_x"]


def test_money_is_where_the_events_put_it(index: Index, chain: SimulatedChain) -> None:
    state = chain._chain[-1].after
    for member in state.members:
        balances = queries.benefits(index, MemberId(member), limit=100).items
        assert {b.token: b.available for b in balances if b.available} == {
            token: amount for (owner, token), amount in state.balances.items() if owner == member and amount
        }
        assert all(b.available == b.credited - b.withdrawn for b in balances)
    statuses = {
        escrow.status for licence in state.licences if (escrow := queries.escrow(index, LicenceId(licence))) is not None
    }
    assert {EscrowStatus.INVOICED, EscrowStatus.SETTLED} <= statuses


def test_parameters(index: Index, chain: SimulatedChain) -> None:
    told = chain.events(0, chain.height)
    windows = [event.arguments["windows"] for event in told if event.name == "WindowsChanged"][-1]
    found = queries.windows(index)
    assert found is not None
    assert found.model_dump() == windows
    allowed = {e.arguments["token"]: e.arguments["allowed"] for e in told if e.name == "TokenAllowed"}
    assert {token: queries.token_allowed(index, Address(token)) for token in allowed} == allowed


def test_windows_are_unknown_before_anything_is_indexed(tmp_path: Path) -> None:
    with Index(f"sqlite:///{tmp_path}/index.db") as empty:
        assert queries.windows(empty) is None
        assert queries.datasets(empty).items == ()
