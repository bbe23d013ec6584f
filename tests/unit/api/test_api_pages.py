from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from api.pages import ENTRY_BYTES, KeptPages, json_response
from api.views import dataset_line, dataset_view
from ledger.chain.chain import Chain
from ledger.index import Index, queries
from ledger.index.entries import Description
from ledger.index.schema import datasets, members
from tests.support import api


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Index]:
    """An index of the test's own, to be written to."""
    with Index(f"sqlite:///{tmp_path}/index.db") as opened:
        api.fill(opened, acts=60)
        yield opened


def request(query: str) -> Request:
    scope = {"type": "http", "path": "/datasets", "query_string": query.encode(), "headers": [(b"host", b"x")]}
    return Request(scope)


def test_a_page_is_made_once_for_as_long_as_the_index_is_the_same(written: Index) -> None:
    pages, made = KeptPages(100_000), list[int]()

    def make() -> Response:
        made.append(len(made))
        response = json_response({"number": len(made)})
        response.headers["Link"] = f"<{len(made)}>"
        return response

    first, second = (pages.serve(request("a=1"), written, make) for _ in range(2))
    other = pages.serve(request("a=2"), written, make)
    with written.writing():
        pass
    later = pages.serve(request("a=1"), written, make)

    assert [response.body for response in (first, second, other, later)] == [
        b'{"number":1}',
        b'{"number":1}',
        b'{"number":2}',
        b'{"number":3}',
    ]
    assert second.headers["link"] == "<1>"
    assert second is not first


def test_no_more_is_kept_than_there_is_room_for(written: Index) -> None:
    pages, made = KeptPages(3 * (100 + ENTRY_BYTES)), list[str]()

    def serve(query: str) -> None:
        def make() -> Response:
            made.append(query)
            return Response(b"x" * 100)

        pages.serve(request(query), written, make)

    for query in ("a", "b", "c", "a", "d", "a", "c", "b"):
        serve(query)
    assert made == ["a", "b", "c", "d", "b"]

    pages, made = KeptPages(99 + ENTRY_BYTES), list[str]()
    serve("a")
    serve("a")
    assert made == ["a", "a"]


def test_questions_of_any_length_and_number_take_no_more_than_the_room(written: Index) -> None:
    pages = KeptPages(20 * ENTRY_BYTES)
    for number in range(100):
        pages.serve(request(f"{number}={'x' * 5_000}"), written, lambda: Response(b"[]"))
    assert len(pages._pages) <= 20
    assert all(len(question) == 32 for question in pages._pages)


def test_a_list_shows_what_was_written_since(silent_chain: Chain, written: Index, tmp_path: Path) -> None:
    with api.client(silent_chain, written, tmp_path / "store") as client:
        before = _attributions(client)
        assert _attributions(client) == before
        with written.writing() as connection:
            newest = connection.scalars(select(datasets.c.id).order_by(datasets.c.id.desc())).first()
            connection.execute(update(datasets).where(datasets.c.id == newest).values(attribution="changed"))
        assert _attributions(client) == ["changed", *before[1:]]


def _attributions(client: TestClient) -> list[str]:
    return [item["attribution"] for item in client.get("/datasets").json()["items"]]


def test_nobodys_text_fills_a_list(silent_chain: Chain, written: Index, tmp_path: Path) -> None:
    with written.writing() as connection:
        newest = connection.scalars(select(datasets.c.id).order_by(datasets.c.id.desc())).first()
        whose = connection.scalars(select(members.c.id).order_by(members.c.id.desc())).first()
        connection.execute(update(datasets).where(datasets.c.id == newest).values(attribution="ä" * 501))
        connection.execute(update(members).where(members.c.id == whose).values(name="n" * 500_000))
    with api.client(silent_chain, written, tmp_path / "store") as client:
        assert _attributions(client)[0] == "ä" * 499 + "…"
        assert client.get(f"/datasets/{newest}/versions").json()["items"][-1]["attribution"] == "ä" * 499 + "…"
        assert client.get(f"/datasets/{newest}").json()["attribution"] == "ä" * 501
        listed = {item["id"]: item["name"] for item in client.get("/members", params={"limit": 100}).json()["items"]}
        assert listed[whose] == "n" * 499 + "…"
        assert client.get(f"/members/{whose}").json()["name"] == "n" * 500_000


def test_a_description_is_cut_in_lists_and_whole_where_it_is_read(written: Index) -> None:
    said = Description("a" * 500, "b" * 501, "c", ("d" * 600,) * 60)
    entry = replace(queries.datasets(written, limit=1).items[0], description=said)
    assert dataset_view(entry)["description"] == {
        "name": "a" * 500,
        "description": "b" * 501,
        "creator": "c",
        "keywords": ["d" * 600] * 60,
    }
    assert dataset_line(entry)["description"] == {
        "name": "a" * 500,
        "description": "b" * 499 + "…",
        "creator": "c",
        "keywords": ["d" * 499 + "…"] * 50,
    }
