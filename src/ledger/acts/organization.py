"""The description of a member that brings none of its own: its name and country, as schema.org says it."""

from __future__ import annotations

from ledger.model.canonical import canonical_json

__all__ = ["organization_document"]


def organization_document(name: str, country: str) -> bytes:
    """A JSON-LD document of type Organization (https://schema.org/Organization).

    Args:
        name: Name to show.
        country: ISO 3166-1 alpha-2 code of the seat.
    """
    address = {"@type": "PostalAddress", "addressCountry": country}
    return canonical_json({"@context": "https://schema.org", "@type": "Organization", "name": name, "address": address})
