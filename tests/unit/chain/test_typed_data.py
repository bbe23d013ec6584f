from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ledger.chain.typed_data import TypedMessage, agreement_message, permit_message, terms_digest, typed_digest
from ledger.errors import InputError
from ledger.model.ids import Address, DatasetId, LicenceId, MemberId, OfferId, UnixTime
from ledger.model.licence import Agreement
from ledger.model.parties import DeliveryKey
from tests.unit.chain.test_calls import ACCOUNT, DIGEST, TERMS, TOKEN

# The example of EIP-712 itself: https://eips.ethereum.org/EIPS/eip-712, Example.sol and Example.js.
MAIL: TypedMessage = {
    "types": {
        "EIP712Domain": [
            {"name": "name", "type": "string"},
            {"name": "version", "type": "string"},
            {"name": "chainId", "type": "uint256"},
            {"name": "verifyingContract", "type": "address"},
        ],
        "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
        "Mail": [
            {"name": "from", "type": "Person"},
            {"name": "to", "type": "Person"},
            {"name": "contents", "type": "string"},
        ],
    },
    "primaryType": "Mail",
    "domain": {
        "name": "Ether Mail",
        "version": "1",
        "chainId": 1,
        "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
    },
    "message": {
        "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
        "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
        "contents": "Hello, Bob!",
    },
}
MAIL_DIGEST = "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"

AGREEMENT = Agreement(
    licence=LicenceId(5),
    dataset=DatasetId(3),
    offer=OfferId(4),
    licensor=MemberId(1),
    licensee=MemberId(2),
    purpose_digest=DIGEST,
    delivery_key=DeliveryKey(x=2**255, y=2**254),
    deadline=UnixTime(1_800_000_000),
    terms=TERMS,
)


def test_the_digest_of_the_standards_example() -> None:
    assert typed_digest(MAIL).hex() == MAIL_DIGEST


def test_an_agreement_survives_json_as_wallets_read_it() -> None:
    message = agreement_message(31337, TOKEN, AGREEMENT)
    assert typed_digest(json.loads(json.dumps(message))) == typed_digest(message)
    assert _largest_number(message) < 2**53  # what JavaScript reads exactly


def test_everything_in_an_agreement_counts() -> None:
    original = agreement_message(31337, TOKEN, AGREEMENT)
    digests = {typed_digest(original)}
    places: list[tuple[str, ...]] = [("message", name) for name in original["message"] if name != "terms"]
    places += [("message", "terms", name) for name in original["message"]["terms"] if name != "shares"]
    places += [("message", "terms", "shares", name) for name in original["message"]["terms"]["shares"]]
    places += [("domain", name) for name in original["domain"]]
    for place in places:
        changed: Any = copy.deepcopy(original)
        inner = changed
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = _other(inner[place[-1]])
        digests.add(typed_digest(changed))
    assert len(digests) == len(places) + 1


def test_a_permit_is_that_of_erc_2612() -> None:
    message = permit_message(31337, TOKEN, "Settlement Token", "1", ACCOUNT, TOKEN, 2**200, 0, 2**256 - 1)
    assert message["types"]["Permit"] == [
        {"type": "address", "name": "owner"},
        {"type": "address", "name": "spender"},
        {"type": "uint256", "name": "value"},
        {"type": "uint256", "name": "nonce"},
        {"type": "uint256", "name": "deadline"},
    ]
    assert message["message"]["value"] == str(2**200)
    assert len(typed_digest(message)) == 32


def test_the_digest_of_terms_depends_on_nothing_but_the_terms() -> None:
    assert len(terms_digest(TERMS)) == 32
    assert terms_digest(TERMS) == terms_digest(TERMS.model_copy())
    assert terms_digest(TERMS) != terms_digest(TERMS.model_copy(update={"price": 1}))


@pytest.mark.parametrize(
    "change",
    [
        {"types": {}},
        {"primaryType": "Letter"},
        {"domain": {"planet": "Earth"}},
        {"message": {"from": "nobody"}},
    ],
)
def test_a_message_that_is_not_well_formed_is_refused(change: dict[str, Any]) -> None:
    broken: Any = {**MAIL, **change}
    with pytest.raises(InputError, match="cannot be signed"):
        typed_digest(broken)


def _largest_number(value: Any) -> int:
    if isinstance(value, dict):
        return max(map(_largest_number, value.values()), default=0)
    if isinstance(value, list):
        return max(map(_largest_number, value), default=0)
    return value if isinstance(value, int) else 0


def _other(value: Any) -> Any:
    if isinstance(value, int):
        return value + 1
    if value.startswith("0x") and len(value) == 42:
        return Address("0x" + "11" * 20)
    if value.startswith("0x"):
        return "0x" + "77" * ((len(value) - 2) // 2)
    return str(int(value) + 1) if value.isdigit() else value + "!"
