"""Metadata documents (R2.6): what a dataset is about, for people and for harvesters.

A document is an RO-Crate 1.1 metadata file whose root entity is a schema.org ``Dataset``, in canonical JSON, so any
RO-Crate or schema.org reader understands it. It is public: it never says who took part, and it never lists file
names, which often carry identities.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ledger.errors import DocumentError
from ledger.model.canonical import canonical_json, malformed, parse_json

__all__ = ["MAX_DOCUMENT_BYTES", "Metadata", "Organization"]

MAX_DOCUMENT_BYTES: Final = 262_144
"""One UnixFS leaf, so that a document's CID is always raw and its digest says all."""

CONTEXT: Final = "https://w3id.org/ro/crate/1.1/context"
DESCRIPTOR: Final = "ro-crate-metadata.json"
ROOT: Final = "./"

Text = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=20_000, strip_whitespace=True)]


class Organization(BaseModel):
    """An organisation, by its ROR, Wikidata or web address and its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern="^https?://[^ ]{1,500}$", examples=["https://ror.org/0245cg223"])]
    name: Text


class Metadata(BaseModel):
    """What a holder says about a dataset; `document` gives the JSON-LD, `from_document` reads it back.

    Attributes:
        name: Title.
        description: What the data is, how and from whom it was collected; no participant can be recognised.
        date_published: Day of this description.
        license: Web address of the licence text or of the terms' summary.
        creator: Collecting organisation.
        funder: Who paid.
        keywords: Search words.
        measurement_technique: How it was measured, e.g. "CT".
        variables: Names of measured variables.
        language: BCP 47 tag of the content.
        temporal_coverage: ISO 8601 interval of the collection.
        identifier: DOI or other citable identifier.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    description: LongText
    date_published: date
    license: Annotated[str, Field(pattern="^https?://[^ ]{1,500}$")]
    creator: Organization
    funder: Organization | None = None
    keywords: Annotated[tuple[Text, ...], Field(max_length=50)] = ()
    measurement_technique: Text | None = None
    variables: Annotated[tuple[Text, ...], Field(max_length=500)] = ()
    language: Annotated[str, Field(pattern="^[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*$")] | None = None
    temporal_coverage: Text | None = None
    identifier: Text | None = None

    def document(self) -> bytes:
        """The RO-Crate document in canonical JSON.

        Raises:
            DocumentError: It would exceed `MAX_DOCUMENT_BYTES`.
        """
        people = {org.id: org for org in (self.creator, self.funder) if org}
        graph = [
            {
                "@id": DESCRIPTOR,
                "@type": "CreativeWork",
                "about": {"@id": ROOT},
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            },
            self._root(),
            *({"@id": org.id, "@type": "Organization", "name": org.name} for org in people.values()),
        ]
        document = canonical_json({"@context": CONTEXT, "@graph": graph})
        if len(document) > MAX_DOCUMENT_BYTES:
            raise malformed((), f"it has {len(document)} bytes, more than {MAX_DOCUMENT_BYTES}")
        return document

    def _root(self) -> dict[str, Any]:
        simple = {
            "name": self.name,
            "description": self.description,
            "datePublished": self.date_published.isoformat(),
            "license": {"@id": self.license},
            "creator": {"@id": self.creator.id},
            "funder": {"@id": self.funder.id} if self.funder else None,
            "keywords": list(self.keywords) or None,
            "measurementTechnique": self.measurement_technique,
            "variableMeasured": list(self.variables) or None,
            "inLanguage": self.language,
            "temporalCoverage": self.temporal_coverage,
            "identifier": self.identifier,
        }
        return {"@id": ROOT, "@type": "Dataset"} | {k: v for k, v in simple.items() if v is not None}

    @classmethod
    def from_input(cls, data: bytes) -> Self:
        """From what a person writes: either these attributes as JSON, or an RO-Crate document.

        Raises:
            DocumentError: It is neither, with a pointer to what is wrong.
        """
        value = parse_json(data, limit=MAX_DOCUMENT_BYTES)
        if isinstance(value, dict) and "@graph" in value:
            return cls.from_document(data)
        return cls._validated(value)

    @classmethod
    def from_document(cls, data: bytes) -> Self:
        """From an RO-Crate document.

        Properties that this model does not know are refused rather than dropped: what is anchored is what is shown.

        Raises:
            DocumentError: Naming the part that is wrong.
        """
        value = parse_json(data, limit=MAX_DOCUMENT_BYTES)
        entities = _entities(value)
        root = entities.get(ROOT)
        if root is None or root.get("@type") != "Dataset":
            raise malformed(("@graph",), "it has no root entity './' of type Dataset")
        known = {
            "name": "name",
            "description": "description",
            "datePublished": "date_published",
            "license": "license",
            "creator": "creator",
            "funder": "funder",
            "keywords": "keywords",
            "measurementTechnique": "measurement_technique",
            "variableMeasured": "variables",
            "inLanguage": "language",
            "temporalCoverage": "temporal_coverage",
            "identifier": "identifier",
        }
        unknown = root.keys() - known.keys() - {"@id", "@type"}
        if unknown:
            raise malformed(("@graph", ROOT, min(unknown)), "the property is not one that is kept")
        fields = {known[k]: v for k, v in root.items() if k in known}
        for name in ("creator", "funder"):
            if name in fields:
                fields[name] = _organization(entities, fields[name], name)
        if "license" in fields:
            fields["license"] = _reference(fields["license"], "license")
        return cls._validated(fields)

    @classmethod
    def _validated(cls, fields: object) -> Self:
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            raise malformed(first["loc"], first["msg"], document="The metadata document") from error


def _entities(value: object) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict) or value.get("@context") != CONTEXT:
        raise malformed(("@context",), f"it is not {CONTEXT}")
    graph = value.get("@graph")
    if not isinstance(graph, list):
        raise malformed(("@graph",), "it is not a list")
    entities: dict[str, dict[str, Any]] = {}
    for place, entity in enumerate(graph):
        if not isinstance(entity, dict) or not isinstance(entity.get("@id"), str):
            raise malformed(("@graph", place), "the entity has no @id")
        if entity["@id"] in entities:
            raise malformed(("@graph", place, "@id"), "the entity stands twice")
        entities[entity["@id"]] = entity
    return entities


def _reference(value: object, name: str) -> str:
    if isinstance(value, dict) and value.keys() == {"@id"} and isinstance(value["@id"], str):
        return value["@id"]
    raise malformed(("@graph", ROOT, name), 'it is not a reference {"@id": …}')


def _organization(entities: dict[str, dict[str, Any]], value: object, name: str) -> dict[str, Any]:
    identifier = _reference(value, name)
    entity = entities.get(identifier)
    if entity is None or entity.get("@type") != "Organization":
        raise DocumentError(
            f"The document is malformed at /@graph/{ROOT}/{name}",
            why=f"no Organization {identifier} is described in it",
            fix="add the entity with its name",
        )
    return {"id": identifier, "name": entity.get("name")}
