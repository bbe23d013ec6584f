"""The first members, from a file or on a local chain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.acts.documents import document_digest
from ledger.acts.found import local_founders, read_founders
from ledger.acts.local import require_local
from ledger.acts.organization import organization_document
from ledger.chain.anvil import dev_signer
from ledger.errors import DocumentError, PathError, UsageError
from ledger.model.parties import MemberKind

ENTRY: dict[str, Any] = {
    "principal": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "name": "City Hospital",
    "country": "DE",
    "kinds": ["institution", "user"],
}


def written(tmp_path: Path, value: object) -> Path:
    path = tmp_path / "founders.json"
    path.write_text(json.dumps(value))
    return path


def test_members_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "about.json").write_text('{"about": "them"}')
    other = {**ENTRY, "principal": dev_signer(1).address, "name": "Other", "metadata": "about.json"}

    first, second = read_founders(written(tmp_path, [ENTRY, other]))

    assert first.admission.name == "City Hospital"
    assert first.admission.kinds == MemberKind.INSTITUTION | MemberKind.USER
    assert first.document == organization_document("City Hospital", "DE")
    assert second.document == b'{"about": "them"}'
    for founder in (first, second):
        assert founder.admission.metadata_digest == document_digest(founder.document)


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ({}, "list of 1 to 100"),
        ([], "list of 1 to 100"),
        ([ENTRY] * 101, "list of 1 to 100"),
        (["x"], "/0"),
        ([{**ENTRY, "principal": "0x00"}], "/0/principal"),
        ([ENTRY, {**ENTRY, "country": "Germany"}], "/1/country"),
        ([{**ENTRY, "kinds": []}], "/0/kinds"),
        ([{**ENTRY, "kinds": ["king"]}], "/0/kinds"),
        ([{**ENTRY, "kinds": "user"}], "/0/kinds"),
        ([{**ENTRY, "metadata": 7}], "/0/metadata"),
        ([{**ENTRY, "colour": 7}], "/0/colour"),
        ([{k: v for k, v in ENTRY.items() if k != "name"}], "/0/name"),
    ],
)
def test_a_malformed_file_names_its_part(tmp_path: Path, value: object, part: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_founders(written(tmp_path, value))

    assert part in str(caught.value)


def test_a_description_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PathError, match=r"about\.json"):
        read_founders(written(tmp_path, [{**ENTRY, "metadata": "about.json"}]))


def test_a_local_ledger_has_five_members_with_accounts_of_their_own() -> None:
    founders = local_founders()

    assert [founder.admission.principal for founder in founders] == [dev_signer(n).address for n in range(1, 6)]
    assert {MemberKind.FUND, MemberKind.PLATFORM} <= {founder.admission.kinds for founder in founders}
    assert len({founder.admission.metadata_digest for founder in founders}) == 5


def test_local_chains_by_their_ids() -> None:
    for chain_id in (31337, 1337):
        require_local(chain_id)
    with pytest.raises(UsageError, match="chain 1,"):
        require_local(1)
