"""Whatever is handed in as a cursor or as a text to search for is answered or refused in one sentence."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import literal, select

from ledger.errors import UsageError
from ledger.index import Index, Indexer, queries
from ledger.index.conditions import state_of
from ledger.index.schema import foldable
from ledger.model.licence import LicenceState, state_at
from tests.support.simulated_chain import SimulatedChain


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    chain = SimulatedChain(seed=3)
    chain.grow(60)
    with Index(f"sqlite:///{tmp_path_factory.mktemp('index')}/index.db") as opened:
        Indexer(opened, chain).sync()
        yield opened


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    cursor=st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()) | json_values.map(encoded)
)
def test_any_cursor_is_used_or_refused(index: Index, cursor: str) -> None:
    for ask in (queries.datasets, queries.events, queries.members):
        with pytest.raises(UsageError):
            ask(index, cursor=cursor)


@given(key=json_values)
def test_a_forged_key_is_used_or_refused(index: Index, key: object) -> None:
    cursor = queries.datasets(index, limit=1).next_cursor
    assert cursor is not None
    question = json.loads(base64.urlsafe_b64decode(cursor + "=="))[0]

    forged = encoded([question, key])
    if isinstance(key, int) and not isinstance(key, bool) and abs(key) < 2**63:
        assert all(entry.dataset.id < key for entry in queries.datasets(index, cursor=forged).items)
    else:
        with pytest.raises(UsageError):
            queries.datasets(index, cursor=forged)


@given(text=st.text(max_size=200))
def test_any_text_finds_exactly_what_contains_its_words(index: Index, text: str) -> None:
    expected = [
        entry.dataset.id
        for entry in queries.datasets(index, limit=100).items
        if all(word in foldable(entry.dataset.attribution or "") for word in foldable(text).split())
    ]

    assert [entry.dataset.id for entry in queries.datasets(index, limit=100, text=text).items] == expected


@given(
    stage=st.sampled_from(LicenceState),
    deadline=st.integers(0, 20),
    expires_at=st.integers(0, 20),
    at=st.integers(0, 20),
)
def test_the_database_derives_states_as_the_model_does(
    index: Index, stage: LicenceState, deadline: int, expires_at: int, at: int
) -> None:
    row = select(
        literal(stage.value).label("stage"),
        literal(deadline).label("deadline"),
        literal(expires_at).label("expires_at"),
    ).subquery()
    with index.reading() as connection:
        assert connection.scalar(select(state_of(row, at))) == state_at(stage, deadline, expires_at, at)
