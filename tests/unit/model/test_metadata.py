from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.errors import DocumentError
from ledger.model.canonical import canonical_json
from ledger.model.metadata import MAX_DOCUMENT_BYTES, Metadata

WRITTEN: dict[str, Any] = {
    "name": "Survival after surgery",
    "description": "Follow-up of a cohort.",
    "date_published": "2026-01-31",
    "license": "https://hospital.example/licence",
    "creator": {"id": "https://ror.org/0245cg223", "name": "City Hospital"},
    "funder": {"id": "https://ror.org/018mejw64", "name": "Research Foundation"},
    "keywords": ["survival", "surgery"],
    "variables": ["age", "stage"],
    "language": "de",
}


def written(**changes: Any) -> bytes:
    return json.dumps(WRITTEN | changes).encode()


def test_the_document_is_an_ro_crate_with_a_schema_org_dataset() -> None:
    document = json.loads(Metadata.from_input(written()).document())
    assert document["@context"] == "https://w3id.org/ro/crate/1.1/context"
    kinds = {entity["@id"]: entity["@type"] for entity in document["@graph"]}
    assert kinds["ro-crate-metadata.json"] == "CreativeWork"
    assert kinds["./"] == "Dataset"
    assert kinds["https://ror.org/0245cg223"] == "Organization"


def test_it_reads_back_from_its_document() -> None:
    metadata = Metadata.from_input(written())
    assert Metadata.from_document(metadata.document()) == metadata
    assert Metadata.from_input(metadata.document()) == metadata
    assert Metadata.from_document(metadata.document()).document() == metadata.document()


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"description": None},
        {"date_published": "yesterday"},
        {"license": "javascript:alert(1)"},
        {"creator": {"id": "ror.org/0245cg223", "name": "City Hospital"}},
        {"keywords": ["word"] * 51},
        {"language": "not a language"},
        {"patient": "Smith"},
    ],
)
def test_malformed_input_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DocumentError, match="malformed"):
        Metadata.from_input(written(**changes))


def test_a_document_above_one_leaf_is_refused() -> None:
    metadata = Metadata.from_input(written()).model_copy(update={"variables": ("v" * 600,) * 500})
    with pytest.raises(DocumentError):
        metadata.document()
    with pytest.raises(DocumentError):
        Metadata.from_document(b" " * (MAX_DOCUMENT_BYTES + 1))


def _graph(*entities: Any, context: Any = "https://w3id.org/ro/crate/1.1/context") -> bytes:
    return canonical_json({"@context": context, "@graph": list(entities)})


ROOT: dict[str, Any] = {"@id": "./", "@type": "Dataset", "name": "n"}


@pytest.mark.parametrize(
    "document",
    [
        b"{}",
        b"[]",
        _graph(context="https://elsewhere.example"),
        _graph(),
        _graph("text"),
        _graph({"@type": "Dataset"}),
        _graph(ROOT, ROOT),
        _graph(ROOT | {"hasPart": []}),
        _graph(ROOT | {"creator": "City Hospital"}),
        _graph(ROOT | {"creator": {"@id": "https://ror.org/0245cg223"}}),
        canonical_json({"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": {}}),
    ],
)
def test_a_malformed_document_is_refused(document: bytes) -> None:
    with pytest.raises(DocumentError):
        Metadata.from_document(document)
