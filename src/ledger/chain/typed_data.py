"""EIP-712 messages in the form that wallets take (``eth_signTypedData_v4``).

Values are plain JSON: integers that JSON readers may round are decimal strings, bytes are 0x-hexadecimal.
"""

from __future__ import annotations

from typing import Any, Final, TypedDict

from eth_abi.exceptions import EncodingError
from eth_account.messages import encode_typed_data
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from ledger.errors import InputError
from ledger.model.ids import Address
from ledger.model.licence import Agreement
from ledger.model.terms import Terms

__all__ = [
    "AGREEMENT_DOMAIN",
    "TypedMessage",
    "agreement_message",
    "permit_message",
    "terms_digest",
    "terms_value",
    "typed_digest",
]

Member = dict[str, str]

AGREEMENT_DOMAIN: Final = ("Research Data Ledger", "1")
"""Name and version of the EIP-712 domain of ``Licences``."""


class TypedMessage(TypedDict):
    """A message to be signed, as in ``eth_signTypedData_v4``."""

    types: dict[str, list[Member]]
    primaryType: str
    domain: dict[str, Any]
    message: dict[str, Any]


def _members(declaration: str) -> list[Member]:
    return [dict(zip(("type", "name"), member.split(), strict=True)) for member in declaration.split(",")]


DOMAIN: Final = _members("string name,string version,uint256 chainId,address verifyingContract")
SHARES: Final = _members(
    "uint32 fund,uint32 platform,uint16 collectorShare,uint16 holderShare,uint16 fundShare,uint16 platformShare"
)
TERMS: Final = _members(
    "address token,uint128 price,uint32 duration,uint64 duoCodes,bytes2 country,uint40 moratoriumUntil,"
    "bytes32 diseasesDigest,Shares shares,bytes32 proseDigest,bytes32 considerationsDigest"
)
AGREEMENT: Final = _members(
    "uint64 licence,uint64 dataset,uint64 offer,uint32 licensor,uint32 licensee,bytes32 purposeDigest,"
    "uint256 deliveryKeyX,uint256 deliveryKeyY,uint40 deadline,Terms terms"
)
PERMIT: Final = _members("address owner,address spender,uint256 value,uint256 nonce,uint256 deadline")


def agreement_message(chain_id: int, licences_address: Address, agreement: Agreement) -> TypedMessage:
    """The agreement that licensor and licensee both sign (R3.1; ``contracts/licensing/AgreementHash.sol``)."""
    return {
        "types": {"EIP712Domain": DOMAIN, "Agreement": AGREEMENT, "Terms": TERMS, "Shares": SHARES},
        "primaryType": "Agreement",
        "domain": _domain(*AGREEMENT_DOMAIN, chain_id, licences_address),
        "message": {
            "licence": agreement.licence,
            "dataset": agreement.dataset,
            "offer": agreement.offer,
            "licensor": agreement.licensor,
            "licensee": agreement.licensee,
            "purposeDigest": _hex(agreement.purpose_digest),
            "deliveryKeyX": str(agreement.delivery_key.x),
            "deliveryKeyY": str(agreement.delivery_key.y),
            "deadline": agreement.deadline,
            "terms": terms_value(agreement.terms),
        },
    }


def permit_message(  # noqa: PLR0917 - the fields of ERC-2612, in their order
    chain_id: int,
    token: Address,
    name: str,
    version: str,
    owner: Address,
    spender: Address,
    value: int,
    nonce: int,
    deadline: int,
) -> TypedMessage:
    """The permit by which `owner` lets `spender` take `value` token units (ERC-2612).

    Args:
        chain_id: EIP-155 chain id.
        token: The token contract.
        name: Name in the token's EIP-712 domain.
        version: Version in the token's EIP-712 domain.
        owner: Account that pays.
        spender: Account that may take.
        value: Token units.
        nonce: The owner's present permit nonce.
        deadline: Unix time after which the permit is void, in seconds.
    """
    return {
        "types": {"EIP712Domain": DOMAIN, "Permit": PERMIT},
        "primaryType": "Permit",
        "domain": _domain(name, version, chain_id, token),
        "message": {
            "owner": owner,
            "spender": spender,
            "value": str(value),
            "nonce": str(nonce),
            "deadline": str(deadline),
        },
    }


def typed_digest(message: TypedMessage) -> bytes:
    """What is signed: keccak256(0x19 0x01 ‖ domain separator ‖ hashStruct(message)).

    Raises:
        InputError: The message is not well formed, or lacks a field or has one too many.
    """
    try:
        _require_whole(message["types"], message["primaryType"], message["message"])
        signable = encode_typed_data(full_message=dict(message))
    except (AttributeError, EncodingError, KeyError, TypeError, ValidationError, ValueError) as error:
        raise InputError(
            "The message cannot be signed",
            why=f"it is not well-formed typed data: {error}",
            fix="give it as eth_signTypedData_v4 takes it",
        ) from error
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def _require_whole(types: dict[str, list[Member]], kind: str, value: dict[str, Any]) -> None:
    """Refuse a struct with other fields than its type has: `eth_account` would hash a missing one as zero."""
    members = {member["name"]: member["type"] for member in types[kind]}
    if value.keys() != members.keys():
        odd = ", ".join(sorted(value.keys() ^ members.keys()))
        message = f"the fields of {kind} are not those of its type: {odd}"
        raise ValueError(message)
    for name, inner in members.items():
        if inner in types:
            _require_whole(types, inner, value[name])


def terms_digest(terms: Terms) -> bytes:
    """The hashStruct of terms: the digest that ``Offers`` keeps of an offer."""
    message: TypedMessage = {
        "types": {"EIP712Domain": DOMAIN, "Terms": TERMS, "Shares": SHARES},
        "primaryType": "Terms",
        "domain": _domain(*AGREEMENT_DOMAIN, 1, terms.token),
        "message": terms_value(terms),
    }
    return bytes(encode_typed_data(full_message=dict(message)).body)


def terms_value(terms: Terms) -> dict[str, Any]:
    """Terms as a value of the EIP-712 struct ``Terms``."""
    shares = terms.shares
    return {
        "token": terms.token,
        "price": str(terms.price),
        "duration": terms.duration,
        "duoCodes": terms.duo.bits,
        "country": _hex((terms.country or "\0\0").encode("ascii")),
        "moratoriumUntil": terms.moratorium_until or 0,
        "diseasesDigest": _hex(terms.diseases_digest),
        "shares": {
            "fund": shares.fund,
            "platform": shares.platform,
            "collectorShare": shares.collector_share,
            "holderShare": shares.holder_share,
            "fundShare": shares.fund_share,
            "platformShare": shares.platform_share,
        },
        "proseDigest": _hex(terms.prose_digest),
        "considerationsDigest": _hex(terms.considerations_digest),
    }


def _domain(name: str, version: str, chain_id: int, contract: Address) -> dict[str, Any]:
    return {"name": name, "version": version, "chainId": chain_id, "verifyingContract": contract}


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
