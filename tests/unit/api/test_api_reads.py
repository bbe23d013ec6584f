from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from api import filters, views
from ledger.index import Index, queries
from ledger.model.dataset import DatasetStatus, Funding, Tier
from ledger.model.licence import LicenceState
from ledger.model.parties import MemberKind, MemberStatus
from tests.support.api import problem

LISTS: dict[str, Any] = {
    "/datasets": views.DatasetView,
    "/offers": views.OfferView,
    "/licences": views.LicenceView,
    "/members": views.MemberView,
    "/events": views.EventView,
}


def all_items(client: TestClient, path: str, **filters: Any) -> list[dict[str, Any]]:
    """Every entry of a list, page by page, following the Link header."""
    found: list[dict[str, Any]] = []
    response = client.get(path, params={"limit": 100} | filters)
    while True:
        assert response.status_code == 200, response.text
        found += response.json()["items"]
        if response.json()["next"] is None:
            assert "link" not in response.headers
            return found
        response = client.get(response.links["next"]["url"])


@pytest.mark.parametrize("path", LISTS)
def test_what_a_list_says_has_the_shape_that_openapi_tells(client: TestClient, path: str) -> None:
    items = all_items(client, path)
    assert items
    adapter = TypeAdapter(LISTS[path])
    for item in items:
        adapter.validate_python(item, strict=True, extra="forbid")


@pytest.mark.parametrize("path", LISTS)
def test_pages_of_one_make_the_same_list_as_pages_of_many(client: TestClient, path: str) -> None:
    whole = all_items(client, path)[:7]
    first = client.get(path, params={"limit": 1})
    singly: list[dict[str, Any]] = []
    response = first
    while len(singly) < len(whole):
        singly += response.json()["items"]
        if len(singly) < len(whole):
            response = client.get(response.links["next"]["url"])
    assert singly == whole


def test_an_entry_by_its_id_is_the_one_in_the_list(client: TestClient) -> None:
    for path in ("/datasets", "/offers", "/licences", "/members"):
        for item in all_items(client, path)[:3]:
            assert client.get(f"{path}/{item['id']}").json() == item


def test_datasets_are_found_by_every_filter(client: TestClient) -> None:
    everything = all_items(client, "/datasets")
    for name in ("tier", "funding", "status", "human_genetic_resources", "holder", "collector"):
        for value in {item[name] for item in everything}:
            wanted = [item for item in everything if item[name] == value]
            assert all_items(client, "/datasets", **{name: value}) == wanted
    parent = next(item["parents"][0] for item in everything if item["parents"])
    assert all_items(client, "/datasets", parent=parent) == [i for i in everything if parent in i["parents"]]


def test_datasets_are_found_by_words_in_any_case(client: TestClient) -> None:
    found = all_items(client, "/datasets", q="TÜBINGEN universität")
    assert found
    assert all("Tübingen" in item["attribution"] for item in found)
    assert all_items(client, "/datasets", q="nothing of the kind") == []


def test_licences_are_found_by_state_and_party(client: TestClient) -> None:
    everything = all_items(client, "/licences")
    assert len({item["state"] for item in everything}) > 3
    for name in ("state", "licensee", "dataset", "offer"):
        for value in {item[name] for item in everything}:
            wanted = [item for item in everything if item[name] == value]
            assert all_items(client, "/licences", **{name: value}) == wanted


def test_offers_are_found_by_dataset_and_term(client: TestClient) -> None:
    everything = all_items(client, "/offers")
    dataset = everything[0]["dataset"]
    wanted = [offer for offer in everything if offer["dataset"] == dataset]
    assert client.get(f"/datasets/{dataset}/offers").json()["items"] == wanted
    limited = all_items(client, "/offers", duo="DUO:0000022")
    assert limited
    assert limited == [offer for offer in everything if "DUO:0000022" in offer["terms"]["duo"]]


def test_amounts_are_text_and_keep_every_digit(client: TestClient) -> None:
    prices = {offer["terms"]["price"] for offer in all_items(client, "/offers")}
    assert str(2**128 - 1) in prices
    assert str(2**64 - 1) in {item["size"] for item in all_items(client, "/datasets")}


def test_versions_of_a_dataset_stand_in_line(client: TestClient) -> None:
    newest = next(item for item in all_items(client, "/datasets") if item["supersedes"] and not item["superseded_by"])
    line = client.get(f"/datasets/{newest['id']}/versions").json()
    assert line["complete"]
    items = line["items"]
    assert items[-1] == newest
    assert items[0]["supersedes"] is None
    assert [item["superseded_by"] for item in items[:-1]] == [item["id"] for item in items[1:]]
    assert client.get(f"/datasets/{items[0]['id']}/versions").json() == line


def test_a_signed_agreement_and_its_delivery_are_told(client: TestClient) -> None:
    delivered = next(
        item
        for item in all_items(client, "/licences")
        if item["state"] == "active" and client.get(f"/licences/{item['id']}/escrow").status_code == 200
    )
    agreement = client.get(f"/licences/{delivered['id']}/agreement").json()
    TypeAdapter(views.AgreementView).validate_python(agreement, strict=True, extra="forbid")
    assert agreement["digest"] == delivered["agreement_digest"]
    assert agreement["terms"] == client.get(f"/offers/{delivered['offer']}").json()["terms"]
    delivery = client.get(f"/licences/{delivered['id']}/delivery").json()
    TypeAdapter(views.DeliveryView).validate_python(delivery, strict=True, extra="forbid")
    assert len(delivery["ephemeral_key"]) == 2 + 66
    escrow = client.get(f"/licences/{delivered['id']}/escrow").json()
    TypeAdapter(views.EscrowView).validate_python(escrow, strict=True, extra="forbid")
    assert escrow["amount"] == agreement["terms"]["price"]


def test_what_a_licence_does_not_have_yet_is_not_found(client: TestClient) -> None:
    applied = all_items(client, "/licences", state="applied")[0]
    assert applied["licensor"] is None
    assert applied["agreement_digest"] is None
    for part in ("agreement", "delivery", "escrow"):
        problem(client.get(f"/licences/{applied['id']}/{part}"), 404, "not-found")


def test_balances_are_those_of_the_member(client: TestClient, index: Index) -> None:
    members = [item["id"] for item in all_items(client, "/members")]
    earning = [member for member in members if queries.benefits(index, member).items]
    assert earning
    for member in earning:
        balances = all_items(client, f"/members/{member}/balances")
        TypeAdapter(list[views.BalanceView]).validate_python(balances, strict=True, extra="forbid")
        for balance in balances:
            assert int(balance["credited"]) == int(balance["available"]) + int(balance["withdrawn"])


def test_an_account_leads_to_its_member(client: TestClient) -> None:
    member = all_items(client, "/members")[0]
    assert client.get(f"/accounts/{member['principal']}").json() == member
    problem(client.get("/accounts/0x" + "00" * 20), 404, "not-found")


def test_events_are_found_by_transaction_and_subject(client: TestClient) -> None:
    registered = all_items(client, "/events", name="DatasetRegistered")
    assert {event["contract"] for event in registered} == {"Datasets"}
    event = registered[0]
    same = all_items(client, "/events", transaction=event["transaction_hash"])
    assert event in same
    assert {other["transaction_hash"] for other in same} == {event["transaction_hash"]}
    about = all_items(client, "/events", dataset=event["arguments"]["dataset"], descending=True)
    assert event in about
    assert about == sorted(about, key=lambda e: (e["block_number"], e["log_index"]), reverse=True)


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (filters.TierName, Tier),
        (filters.FundingName, Funding),
        (filters.DatasetStatusName, DatasetStatus),
        (filters.MemberStatusName, MemberStatus),
        (filters.MemberKindName, MemberKind),
        (filters.LicenceStateName, LicenceState),
    ],
)
def test_filters_know_every_name_that_the_ledger_has(names: Any, kind: Any) -> None:
    assert list(get_args(names)) == [member.name.lower() for member in kind if member.name != "NONE"]


@pytest.mark.parametrize(
    "query",
    [
        "/datasets?limit=0",
        "/datasets?limit=101",
        "/datasets?limit=x",
        "/datasets?tier=secret",
        "/datasets?duo=DUO:9999999",
        "/datasets?duo=42",
        "/datasets?holder=0",
        "/datasets?holder=99999999999999999999999",
        "/datasets?q=" + "x" * 201,
        "/datasets?human_genetic_resources=perhaps",
        "/datasets?cursor=" + "a" * 513,
        "/datasets/0",
        "/datasets/abc",
        "/datasets/-1",
        "/datasets/1.5",
        "/licences?state=none",
        "/members?country=Germany",
        "/members?kind=owner",
        "/offers?token=0x123",
        "/events?transaction=0x12",
        "/events?first_block=-1",
        "/events?name=Robert'); DROP TABLE events;--",
        "/accounts/0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
        "/transactions/0xAB",
        "/content/Qm123",
    ],
)
def test_malformed_questions_are_problems_that_name_the_part(client: TestClient, query: str) -> None:
    document = problem(client.get(query), 422, "invalid")
    assert document["errors"]
    assert document["errors"][0]["place"] in ("query", "path")


def test_a_cursor_of_another_list_or_none_at_all_is_refused(client: TestClient) -> None:
    cursor = client.get("/datasets?limit=1").json()["next"]
    for path in (f"/offers?cursor={cursor}", f"/datasets?tier=open&cursor={cursor}", "/datasets?cursor=e30"):
        problem(client.get(path), 400, "usage")


@pytest.mark.parametrize("path", ["/datasets", "/offers", "/licences", "/members"])
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    problem(client.get(f"{path}/4611686018427387904"), 404, "not-found")
