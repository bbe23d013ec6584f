"""Found a ledger: its first members, from a file, and its contracts on a chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from ledger.acts.documents import document_digest, keep_document, read_input
from ledger.acts.organization import organization_document
from ledger.chain.anvil import dev_signer
from ledger.chain.deploy import Report, deploy
from ledger.chain.deployment import Deployment
from ledger.chain.signers import Signer
from ledger.errors import DocumentError, PathError
from ledger.model.canonical import malformed, parse_json
from ledger.model.ids import Address
from ledger.model.licence import Windows
from ledger.model.parties import Admission, MemberKind
from ledger.storage.store import Store

__all__ = ["DEFAULT_WINDOWS", "Founder", "found", "local_founders", "read_founders"]

DEFAULT_WINDOWS: Final = Windows(payment=14 * 86_400, delivery=7 * 86_400, acceptance=3 * 86_400)
"""Two weeks to pay, a week to deliver, three days to accept."""

MAX_FOUNDERS_BYTES: Final = 2**20
MAX_FOUNDERS: Final = 100


@dataclass(frozen=True, slots=True)
class Founder:
    """One of the first members.

    Attributes:
        admission: What the ledger records of it.
        document: Its description, whose digest the admission names.
    """

    admission: Admission
    document: bytes


def read_founders(path: Path) -> tuple[Founder, ...]:
    """The first members, from a JSON list; member 1 comes first.

        [{"principal": "0x…", "name": "City Hospital", "country": "DE", "kinds": ["institution"],
          "metadata": "hospital.json"}, …]

    ``metadata`` may be left out; a path is relative to the file.

    Raises:
        PathError: The file, or a description, cannot be read.
        DocumentError: Naming what is malformed.
    """
    value = parse_json(read_input(path, limit=MAX_FOUNDERS_BYTES), limit=MAX_FOUNDERS_BYTES)
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_FOUNDERS:
        raise _malformed((), f"it is not a list of 1 to {MAX_FOUNDERS} members")
    return tuple(_founder(path.parent, place, item) for place, item in enumerate(value))


def local_founders() -> tuple[Founder, ...]:
    """The members of a ledger on a local chain: accounts 1 to 5, which every local chain has."""
    both = MemberKind.INSTITUTION | MemberKind.USER
    cast = (
        ("City Hospital", both),
        ("Institute of Surgery", both),
        ("Company", MemberKind.USER),
        ("Participants' Fund", MemberKind.FUND),
        ("Platform", MemberKind.PLATFORM),
    )
    return tuple(
        _described({"principal": dev_signer(number).address, "name": name, "country": "DE", "kinds": kinds}, None)
        for number, (name, kinds) in enumerate(cast, start=1)
    )


def found(
    rpc: str,
    signer: Signer,
    founders: Sequence[Founder],
    target: Path,
    *,
    authority: Address,
    stores: Sequence[Store],
    windows: Windows = DEFAULT_WINDOWS,
    token: Address | None = None,
    report: Report | None = None,
) -> Deployment:
    """Deploy a ledger's contracts and write the deployment file.

    Args:
        rpc: Address of the node.
        signer: Pays for it, and keeps no power.
        founders: The first members; member 1 comes first.
        target: Where the deployment file goes; it must not exist.
        authority: Account that holds every role for the consortium.
        stores: Where the founders' descriptions go.
        windows: How long each side of a licence has for its next step.
        token: Settlement token; None deploys one that is worth nothing, on local chains only.
        report: Told of each step.

    Raises:
        PathError: The deployment file exists or cannot be written.
        InputError, RefusedError, ChainError: See :func:`ledger.chain.deploy.deploy`.
    """
    if target.exists():
        raise PathError(
            "The ledger was not deployed",
            why=f"{target} exists, and a deployment file is never replaced",
            fix="name another file with --deployment, or move this one away",
        )
    for founder in founders:
        keep_document(founder.document, stores)
    deployment = deploy(
        rpc,
        signer,
        authority=authority,
        founders=[founder.admission for founder in founders],
        windows=windows,
        settlement_token=token,
        report=report,
    )
    deployment.write(target)
    return deployment


def _founder(base: Path, place: int, item: Any) -> Founder:
    if not isinstance(item, dict):
        raise _malformed((place,), "it is not an object")
    values = dict(item)
    metadata = values.pop("metadata", None)
    if metadata is not None and not isinstance(metadata, str):
        raise _malformed((place, "metadata"), "it is not a path")
    values["kinds"] = _kinds(place, values.get("kinds"))
    try:
        return _described(values, None if metadata is None else read_input(base / metadata))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _malformed((place, *first["loc"]), first["msg"].removeprefix("Value error, ")) from None


def _kinds(place: int, names: Any) -> MemberKind:
    known = {kind.name.lower(): kind for kind in MemberKind if kind.name}
    if not isinstance(names, list) or not names or not set(map(str, names)) <= known.keys():
        raise _malformed((place, "kinds"), f"it is not a list of some of {', '.join(known)}")
    kinds = MemberKind(0)
    for name in names:
        kinds |= known[name]
    return kinds


def _described(values: dict[str, Any], document: bytes | None) -> Founder:
    document = document or organization_document(str(values.get("name")), str(values.get("country")))
    return Founder(Admission.model_validate(values | {"metadata_digest": document_digest(document)}), document)


def _malformed(path: tuple[str | int, ...], why: str) -> DocumentError:
    return malformed(path, why, document="The founders' file")
