"""Examples of answers, by operation, for OpenAPI. A test holds each to the shape of its route's answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from api.problems import HTTP_PROBLEMS, PROBLEMS

__all__ = ["ANSWERS", "MESSAGE", "PROBLEM_EXAMPLES", "TRANSACTION"]

ACCOUNT: Final = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
CONTRACT: Final = "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
DIGEST: Final = "0x" + "5a" * 32
CID: Final = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"
MANIFEST: Final = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
POINT: Final = (
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
)
NOW: Final = 1_790_000_000

MEMBER: Final = {
    "id": 1,
    "name": "City Hospital",
    "status": "active",
    "kinds": ["institution"],
    "country": "DE",
    "principal": ACCOUNT,
    "joined_at": NOW,
    "metadata": CID,
    "delivery_key": "0x04" + POINT,
}
DATASET: Final = {
    "id": 1,
    "collector": 1,
    "holder": 1,
    "owner": ACCOUNT,
    "size": "20480",
    "registered_at": NOW,
    "embargo_until": 0,
    "funding": "public",
    "tier": "controlled",
    "status": "active",
    "human_genetic_resources": False,
    "manifest": MANIFEST,
    "metadata": CID,
    "key_commitment": DIGEST,
    "attribution": "City Hospital, Cohort of 1986",
    "supersedes": None,
    "superseded_by": None,
    "parents": [],
    "document": "present",
    "description": {
        "name": "Survival after surgery",
        "description": "Survival of 1,208 patients after surgery of the colon, followed for five years.",
        "creator": "City Hospital",
        "keywords": ["survival", "surgery"],
    },
    "open_offers": 1,
    "lowest_prices": [{"token": CONTRACT, "amount": "100000"}],
}
TERMS: Final = {
    "token": CONTRACT,
    "price": "100000",
    "duration": 31_536_000,
    "duo": ["DUO:0000042", "DUO:0000046"],
    "country": None,
    "moratorium_until": None,
    "diseases_digest": None,
    "shares": {
        "collector_share": 2_500,
        "holder_share": 5_500,
        "fund_share": 1_500,
        "platform_share": 500,
        "fund": 4,
        "platform": 5,
    },
    "prose": CID,
    "considerations": None,
}
OFFER: Final = {"id": 1, "dataset": 1, "open": True, "terms_digest": DIGEST, "terms": TERMS}
LICENCE: Final = {
    "id": 1,
    "offer": 1,
    "dataset": 1,
    "licensee": 2,
    "licensor": 1,
    "state": "active",
    "stage": "delivered",
    "deadline": NOW + 259_200,
    "expires_at": NOW + 31_536_000,
    "applied_at": NOW,
    "requested_purpose": CID,
    "purpose": CID,
    "reasons": None,
    "agreement_digest": DIGEST,
    "payer": ACCOUNT,
    "owner": ACCOUNT,
    "settled": False,
}
SIGNED: Final = {"signer": ACCOUNT, "signature": "0x" + "5a" * 64 + "1b"}
AGREEMENT: Final = {
    "licence": 1,
    "dataset": 1,
    "offer": 1,
    "licensor": 1,
    "licensee": 2,
    "purpose": CID,
    "delivery_key": "0x04" + POINT,
    "deadline": NOW + 86_400,
    "terms": TERMS,
    "digest": DIGEST,
    "agreed_at": NOW,
    "licensor_signature": SIGNED,
    "licensee_signature": SIGNED,
}
EVENT: Final = {
    "block_number": 12,
    "block_hash": DIGEST,
    "time": NOW,
    "log_index": 0,
    "transaction_hash": DIGEST,
    "contract": "Licences",
    "name": "LicencePaid",
    "arguments": {"licence": 1, "payer": ACCOUNT, "price": 100_000, "delivery_due": NOW + 604_800},
}
TRANSACTION: Final = {
    "action": "licences.pay",
    "kind": "transaction",
    "summary": "Pay the agreed price of licence 1 into escrow, from your allowance.",
    "consequences": [
        f"1,000.00 LST (token {CONTRACT}) moves from {ACCOUNT} into escrow",
        "Member 1 then has 7 days, 0:00:00 to deliver the key",
    ],
    "transaction": {
        "to": CONTRACT,
        "data": "0x5ac2c3a20000000000000000000000000000000000000000000000000000000000000001",
        "value": "0x0",
        "gas": "0x1d4c0",
        "nonce": "0x5",
        "chainId": "0x7a69",
        "type": "0x2",
        "maxFeePerGas": "0x77359400",
        "maxPriorityFeePerGas": "0x0",
    },
    "cost": {"gas": "120000", "most": "240000000000000"},
}
MESSAGE: Final = {
    "action": "tokens.permit",
    "kind": "message",
    "summary": "Permit the exact price of licence 1 to be taken from this account once.",
    "consequences": ["The permit is void after 2026-09-22T13:46:40Z"],
    "message": {
        "types": {
            "EIP712Domain": [{"type": "string", "name": "name"}],
            "Permit": [{"type": "uint256", "name": "value"}],
        },
        "primaryType": "Permit",
        "domain": {"name": "Ledger settlement token"},
        "message": {"value": "100000"},
    },
    "digest": DIGEST,
}


def _page(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"items": [item], "next": None}


ANSWERS: Final[Mapping[str, Any]] = {
    "members_list": _page(MEMBER),
    "members_read": MEMBER,
    "accounts_read": MEMBER,
    "balances_list": _page({"token": CONTRACT, "available": "55000", "credited": "80000", "withdrawn": "25000"}),
    "datasets_list": _page(DATASET),
    "datasets_read": DATASET,
    "datasets_versions": {"items": [DATASET], "complete": True},
    "datasets_offers": _page(OFFER),
    "offers_list": _page(OFFER),
    "offers_read": OFFER,
    "licences_list": _page(LICENCE),
    "licences_read": LICENCE,
    "licences_agreement": AGREEMENT,
    "licences_delivery": {"wrapped_key": DIGEST, "ephemeral_key": "0x02" + POINT[:64], "delivered_at": NOW},
    "licences_escrow": {"token": CONTRACT, "payer": 2, "status": "funded", "amount": "100000"},
    "actions_list": [
        {
            "action": "licences.pay",
            "title": "Pay the agreed price from an allowance",
            "signer": "an account of the licensee",
            "gives": "transaction",
        }
    ],
    "transactions_broadcast": {"hash": DIGEST},
    "transactions_read": {
        "hash": DIGEST,
        "status": "mined",
        "from": ACCOUNT,
        "nonce": 5,
        "raw": "0x02f8b1827a69",
        "call": {"contract": "Licences", "function": "pay", "arguments": {"licence": 1}},
        "receipt": {
            "block_number": 12,
            "block_hash": DIGEST,
            "transaction_index": 0,
            "status": 1,
            "gas_used": 98_765,
            "effective_gas_price": "1000000000",
        },
        "events": [
            {
                "contract": "Licences",
                "name": "LicencePaid",
                "arguments": {"licence": 1, "price": 100_000, "delivery_due": "2026-09-28T13:46:40Z"},
                "log_index": 0,
            }
        ],
    },
    "documents_store": {"cid": CID, "digest": DIGEST, "size": 90},
    "events_list": _page(EVENT),
    "network_read": {
        "chain_id": 31_337,
        "contracts": {"Licences": CONTRACT},
        "head": {"number": 12, "hash": DIGEST, "time": NOW},
        "indexed": {"number": 12, "hash": DIGEST, "time": NOW},
        "lag": 0,
        "limits": {"body_bytes": 1_048_576, "document_bytes": 262_144, "documents_per_minute": 20},
    },
    "health_read": {"status": "up", "node": "up", "index": "up"},
    "problems_list": [
        {
            "type": "/problems/embargo-in-force",
            "status": 409,
            "title": "The dataset is under embargo",
            "fix": "Apply after the embargo ends, or ask the holder to end it earlier",
            "name": "EmbargoInForce",
        }
    ],
    "problems_read": {
        "type": "/problems/embargo-in-force",
        "status": 409,
        "title": "The dataset is under embargo",
        "fix": "Apply after the embargo ends, or ask the holder to end it earlier",
        "name": "EmbargoInForce",
    },
}
"""Answers by operation id."""

_TELLING: Final = {
    400: "usage",
    403: "not-holder",
    404: "not-found",
    409: "embargo-in-force",
    410: "offer-not-open",
    422: "invalid",
    500: "internal",
    502: "cid-mismatch",
    503: "node-unavailable",
    507: "no-space",
}


def _problem(status: int) -> dict[str, Any]:
    codes = [code for code, (known, _, _) in HTTP_PROBLEMS.items() if known == status]
    kind = PROBLEMS[_TELLING.get(status) or codes[0]]
    found: dict[str, Any] = {
        "type": f"/problems/{kind.code}",
        "title": kind.title,
        "status": status,
        "detail": kind.title + ".",
        "code": kind.code,
        "fix": kind.fix,
    }
    if kind.code == "invalid":
        part = {"place": "body", "pointer": "/parameters/offer", "detail": "Input should be greater than or equal to 1"}
        found["errors"] = [part]
    return found


PROBLEM_EXAMPLES: Final[Mapping[int, dict[str, Any]]] = {
    status: _problem(status) for status in (400, 403, 404, 409, 410, 413, 415, 416, 422, 429, 500, 502, 503, 507)
}
"""A problem document for each status that a route can answer with."""
