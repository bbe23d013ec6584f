"""What the API refuses, with a real chain behind it, and that nothing is half-done afterwards."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from api.actions import ACTIONS
from ledger.chain import offers, tokens
from ledger.crypto.derive import DatasetKey
from ledger.model.ids import OfferId
from tests.support.api import problem
from tests.support.bombs import registrations
from tests.support.service import Service, serving
from tests.support.wallet import Wallet, event
from tests.support.world import DAY, PRICE, PURPOSE, PURSE, YEAR, World

ROOT = Path(__file__).parents[2]
PURPOSE_HEX = "0x" + PURPOSE.hex()
NOBODY = "0x" + "11" * 20


@pytest.fixture
def service(world: World, tmp_path: Path) -> Iterator[Service]:
    with serving(world, tmp_path) as opened:
        yield opened


def transfer(service: Service, **changes: Any) -> dict[str, Any]:
    """A transaction in a wallet's JSON that the ledger did not prepare."""
    chain = service.world.chain
    fields = {
        "to": NOBODY,
        "data": "0x",
        "value": "0x0",
        "gas": "0x30d40",
        "nonce": hex(chain.transaction_count(service.institute.address)),
        "chainId": hex(chain.chain_id),
        "type": "0x2",
        "maxFeePerGas": hex(10**10),
        "maxPriorityFeePerGas": "0x1",
    }
    return fields | changes


def test_the_same_transaction_twice_is_one(service: Service) -> None:
    offer = service.world.offered()
    prepared = service.institute.prepared("licences.apply", offer=offer, purpose=PURPOSE_HEX)
    raw = service.institute.raw(prepared["transaction"])
    first = service.institute.send(raw)
    mined = service.institute.outcome(first.headers["location"])
    again = service.institute.send(raw)
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (202, {"hash": mined["hash"]})
    assert mined["raw"] == raw
    assert len(service.read("/licences", offer=offer)["items"]) == 1


def test_a_key_for_one_request_is_not_good_for_another(service: Service) -> None:
    offer = service.world.offered()
    transaction = service.institute.prepared("licences.apply", offer=offer, purpose=PURPOSE_HEX)["transaction"]
    one = service.institute.raw(transaction)
    other = service.institute.raw(transaction, gas=hex(int(transaction["gas"], 16) + 1))
    key = {"Idempotency-Key": "e7a1"}
    assert service.institute.send(one, **key).status_code == 202
    problem(service.institute.send(other, **key), 422, "idempotency-mismatch")
    assert service.institute.send(one, **key).status_code == 202
    taken = problem(service.institute.send(other), 409, "transaction")
    assert "nonce" in taken["detail"]


def test_a_key_of_one_sender_is_not_in_the_way_of_another(service: Service) -> None:
    offer = service.world.offered()
    key = {"Idempotency-Key": "e7a1"}
    one = service.institute.prepared("licences.apply", offer=offer, purpose=PURPOSE_HEX)["transaction"]
    assert service.institute.send(service.institute.raw(one), **key).status_code == 202
    other = service.fund.prepared("licences.apply", offer=offer, purpose=PURPOSE_HEX)["transaction"]
    assert service.fund.send(service.fund.raw(other), **key).status_code == 202


def test_arguments_that_share_bytes_are_taken_unread_and_shown_as_such(service: Service) -> None:
    datasets = service.world.deployment.address("Datasets")
    poor = Wallet(service.client, Account.create())
    huge = transfer(service, to=datasets, data="0x" + registrations(2_000, 1_900).hex(), nonce="0x0")
    began = time.process_time()
    problem(poor.send(poor.raw(huge)), 409, "funds")
    assert time.process_time() - began < 1  # the node's own time is not counted

    raw = service.institute.raw(transfer(service, to=datasets, data="0x" + registrations(2, 2).hex(), gas="0xf4240"))
    found = service.institute.outcome(service.institute.send(raw).headers["location"])
    assert found["status"] == "failed"
    assert found["raw"] == raw
    assert {name: found["call"][name] for name in ("contract", "function")} == {
        "contract": "Datasets",
        "function": "register",
    }
    assert "arguments" not in found["call"]
    assert "not an encoding" in found["call"]["note"]


def test_a_transaction_for_another_chain_is_refused(service: Service) -> None:
    transaction = service.institute.prepared("licences.apply", offer=service.world.offered(), purpose=PURPOSE_HEX)[
        "transaction"
    ]
    problem(service.institute.send(service.institute.raw(transaction, chainId="0x1")), 409, "wrong-network")
    legacy = {name: transaction[name] for name in ("to", "data", "value", "gas", "nonce")} | {"gasPrice": hex(10**10)}
    problem(service.institute.send(service.institute.raw(legacy)), 409, "wrong-network")
    assert service.read("/licences")["items"] == []


def test_a_transaction_for_a_foreign_contract_is_refused(service: Service) -> None:
    stray = Wallet(service.client, service.institute.account)
    licences = service.world.deployment.address("Licences")
    problem(stray.send(stray.raw(transfer(service))), 409, "wrong-network")
    creation = {name: value for name, value in transfer(service, data="0x00").items() if name != "to"}
    problem(stray.send(stray.raw(creation)), 409, "wrong-network")
    problem(stray.send(stray.raw(transfer(service, to=licences, data="0xdeadbeef"))), 422, "input")
    problem(stray.send(stray.raw(transfer(service, to=licences, value="0x1"))), 422, "input")
    reading = "0x" + service.world.chain.contract("Licences").encode_abi("licenceCount")[2:]
    problem(stray.send(stray.raw(transfer(service, to=licences, data=reading))), 422, "input")
    before = service.world.chain.transaction_count(stray.address)
    assert service.world.chain.transaction_count(stray.address, "pending") == before


def test_a_token_that_is_not_allowed_is_a_foreign_contract(service: Service) -> None:
    operator = Wallet.of(service.client, service.world.operator)
    approving = {"token": service.world.token, "amount": "1"}
    raw = service.institute.raw(service.institute.prepared("tokens.approve", **approving)["transaction"])
    assert service.institute.send(raw).status_code == 202
    problem(operator.ask("tokens.approve", token=NOBODY, amount="1"), 409, "wrong-network")


@pytest.mark.parametrize("raw", ["0x00", "0x02", "0x02c0", "0xc0", "0x05" + "00" * 40, "0x" + "ff" * 110])
def test_what_is_no_signed_transaction_is_refused(service: Service, raw: str) -> None:
    problem(service.institute.send(raw), 422, "input")


def signed_sides(service: Service, licence: int, deadline: int) -> dict[str, Any]:
    return {
        side: {
            "signer": wallet.address,
            "signature": wallet.signature("licences.agreement", licence=licence, deadline=deadline),
        }
        for side, wallet in (("licensor", service.hospital), ("licensee", service.institute))
    }


def test_foreign_replayed_and_outdated_signatures_are_refused(service: Service) -> None:
    world = service.world
    first, deadline = world.approved(), world.soon()
    second = world.apply(world.institute, OfferId(1))
    world.approve(second)
    sides = signed_sides(service, first, deadline)

    replayed = service.stranger.ask("licences.agree", licence=second, deadline=deadline, **sides)
    assert problem(replayed, 403, "signature-invalid")["error"]["arguments"]["licence"] == second
    signing = {"licence": first, "deadline": deadline}
    stolen = sides | {"licensor": sides["licensor"] | {"signature": sides["licensee"]["signature"]}}
    problem(service.stranger.ask("licences.agree", **signing, **stolen), 403, "signature-invalid")
    swapped = {"licensor": sides["licensee"], "licensee": sides["licensor"]}
    problem(service.stranger.ask("licences.agree", **signing, **swapped), 403, "signature-invalid")
    later = service.stranger.ask("licences.agree", licence=first, deadline=deadline + 1, **sides)
    problem(later, 403, "signature-invalid")

    world.advance(2 * DAY)
    late = service.stranger.ask("licences.agree", licence=first, deadline=deadline, **sides)
    problem(late, 410, "agreement-expired")
    assert service.read(f"/licences/{first}")["state"] == "approved"


def test_a_permit_that_is_foreign_or_expired_is_refused(service: Service) -> None:
    licence, deadline = service.world.agreed(), service.world.soon()
    foreign = service.stranger.signature("tokens.permit", licence=licence, deadline=deadline)
    asking = {"licence": licence, "deadline": deadline, "signature": foreign}
    problem(service.institute.ask("licences.pay-with-permit", **asking), 409, "permit-refused")
    own = service.institute.signature("tokens.permit", licence=licence, deadline=deadline)
    later = asking | {"signature": own, "deadline": deadline + 1}
    problem(service.institute.ask("licences.pay-with-permit", **later), 409, "permit-refused")
    service.world.advance(2 * DAY)
    problem(service.institute.ask("licences.pay-with-permit", **asking | {"signature": own}), 410, "permit-expired")
    problem(service.institute.ask("licences.pay", licence=licence), 409, "erc20-insufficient-allowance")


def test_an_offer_that_changed_between_preparing_and_sending_is_refused_by_the_chain(service: Service) -> None:
    offer = service.world.offered()
    prepared = service.institute.prepared("licences.apply", offer=offer, purpose=PURPOSE_HEX)
    raw = service.institute.raw(prepared["transaction"])
    service.hospital.do("offers.withdraw", offer=offer)  # and it would publish another at a higher price
    answer = service.institute.send(raw)
    if answer.status_code == 202:  # a node that tells only after mining
        outcome = service.institute.outcome(answer.headers["location"])
        assert outcome["status"] == "failed"
        assert outcome["refusal"]["code"] == "offer-not-open"
        assert outcome["refusal"]["error"] == {"name": "OfferNotOpen", "arguments": {"offer": offer}}
    else:
        problem(answer, 410, "offer-not-open")
    problem(service.institute.ask("licences.apply", offer=offer, purpose=PURPOSE_HEX), 410, "offer-not-open")
    assert service.read("/licences")["items"] == []


def test_a_price_above_the_licensees_limit_is_refused(service: Service) -> None:
    licence = service.world.active()
    service.world.advance(YEAR // 2)
    service.institute.do("tokens.approve", token=service.world.token, amount=str(2 * PRICE))
    asked = service.institute.ask("licences.renew", licence=licence, limit=PRICE - 1)
    refused = problem(asked, 409, "price-above-limit")
    assert refused["error"]["arguments"] == {"price": PRICE, "limit": PRICE - 1}


def test_an_account_without_money_is_told_so(service: Service) -> None:
    world = service.world
    penniless = Wallet(service.client, Account.create())
    service.hospital.do("members.invite-account", account=penniless.address)
    document = problem(penniless.ask("members.accept-invitation", member=world.hospital.id), 409, "funds")
    assert "wei" in document["detail"]
    spent = world.agreed()
    world.institute.send(tokens.transfer(world.token, world.stranger.address, PURSE))  # all that it has
    service.institute.do("tokens.approve", token=world.token, amount=str(PRICE))
    document = problem(service.institute.ask("licences.pay", licence=spent), 409, "funds")
    assert str(PRICE) in document["detail"]


def test_unknown_things_and_foreign_rights_are_told_apart(service: Service) -> None:
    world = service.world
    dataset, licence = world.registered(), world.applied()
    stated = [service.registration(DatasetKey.generate())]
    cases: list[tuple[Wallet, str, dict[str, Any], int, str]] = [
        (service.hospital, "datasets.withdraw", {"dataset": 999}, 404, "dataset-unknown"),
        (service.institute, "licences.apply", {"offer": 999, "purpose": PURPOSE_HEX}, 404, "offer-unknown"),
        (service.institute, "licences.cancel", {"licence": 999}, 404, "licence-unknown"),
        (service.institute, "licences.agreement", {"licence": 999, "deadline": 1}, 404, "licence-unknown"),
        (service.institute, "datasets.withdraw", {"dataset": dataset}, 403, "not-holder"),
        (service.stranger, "datasets.withdraw", {"dataset": dataset}, 403, "not-holder"),
        (service.stranger, "datasets.register", {"registrations": stated}, 403, "not-member"),
        (service.hospital, "licences.cancel", {"licence": licence}, 403, "not-licensee"),
        (service.institute, "licences.pay", {"licence": licence}, 409, "licence-state-refused"),
        (
            service.institute,
            "licences.agreement",
            {"licence": licence, "deadline": 2**39},
            409,
            "licence-state-refused",
        ),
        (service.hospital, "licences.apply", {"offer": 1, "purpose": PURPOSE_HEX}, 403, "own-dataset"),
        (service.stranger, "benefits.withdraw", {"member": 1, "token": world.token}, 409, "nothing-to-withdraw"),
        (service.stranger, "benefits.withdraw", {"member": 1, "token": NOBODY}, 409, "nothing-to-withdraw"),
        (service.stranger, "members.accept-invitation", {"member": 2}, 403, "account-not-invited"),
        (service.fund, "datasets.register", {"registrations": []}, 422, "invalid"),
    ]
    for wallet, action, parameters, status, code in cases:
        told = problem(wallet.ask(action, **parameters), status)
        assert (action, told["code"]) == (action, code)


def test_an_offer_in_an_unknown_token_or_against_itself_is_refused(service: Service) -> None:
    dataset = service.world.registered()
    unknown = service.hospital.ask("offers.publish", offers=[service.offer(dataset, token=NOBODY)])
    problem(unknown, 409, "token-not-allowed")
    contradictions: list[dict[str, Any]] = [
        {"price": "0"},
        {"price": "1.5"},
        {"country": "DE"},
        {"duo": ["DUO:0000042", "DUO:0000006"]},
        {"duration": 5},
    ]
    for changes in contradictions:
        problem(service.hospital.ask("offers.publish", offers=[service.offer(dataset, **changes)]), 422, "invalid")


def test_a_dataset_is_registered_once(service: Service) -> None:
    stated = [service.registration(DatasetKey.generate())]
    dataset = event(service.hospital.do("datasets.register", registrations=stated), "DatasetRegistered")["dataset"]
    refused = problem(service.hospital.ask("datasets.register", registrations=stated), 409, "dataset-duplicate")
    assert refused["error"]["arguments"]["existing"] == dataset


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_refuses_a_stranger_in_words(service: Service, name: str) -> None:
    service.world.paid()
    answer = service.stranger.ask(name, **ACTIONS[name].example)
    if answer.status_code == 200:
        assert answer.json()["summary"]
        assert name in ("tokens.approve", "licences.agreement", "tokens.permit", "licences.settle", "benefits.withdraw")
    else:
        assert problem(answer, answer.status_code)["status"] in (403, 404, 409, 410, 422)


def test_a_transaction_of_nobody_is_not_found(service: Service) -> None:
    problem(service.client.get("/transactions/0x" + "ab" * 32), 404, "not-found")
    sent = service.world.chain.request(
        "eth_sendTransaction", {"from": service.institute.address, "to": NOBODY, "value": "0x1"}
    )
    problem(service.client.get(f"/transactions/{sent}"), 404, "not-found")


def test_what_was_prepared_says_what_the_contract_is_asked(service: Service) -> None:
    offer = service.world.offered()
    prepared = service.institute.prepared("licences.apply", offer=offer, purpose=PURPOSE_HEX)
    assert prepared["transaction"]["to"] == service.world.deployment.address("Licences")
    assert int(prepared["cost"]["gas"]) == int(prepared["transaction"]["gas"], 16)
    fees = int(prepared["transaction"]["maxFeePerGas"], 16)
    assert int(prepared["cost"]["most"]) == int(prepared["cost"]["gas"]) * fees
    terms = offers.offer(service.world.chain, offer).terms
    assert any(str(terms.duo) in line for line in prepared["consequences"])


def test_the_api_imports_nothing_that_holds_a_key() -> None:
    program = (
        "import sys, api.app\n"
        "print([name for name in sys.modules if name.startswith(('ledger.crypto', 'ledger.sealing', 'ledger.acts'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
