"""The tables of the index.

Everything in a *state table* follows from the chain's events alone, so the tables can be dropped and filled again.
Values are stored so that SQLite and PostgreSQL hold, compare and sort them alike:

- digests, keys and signatures as ``0x`` and lower-case hexadecimal digits, addresses in EIP-55 form;
- integers that may reach 2^63 as 64 hexadecimal digits (:func:`wide`), which sort as the numbers do;
- ids, times, codes and smaller integers as integers;
- text under the collation of its bytes, without what one of the databases cannot hold (:func:`storable`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Table,
)

__all__ = [
    "METADATA",
    "SCHEMA_VERSION",
    "STATE_TABLES",
    "agreements",
    "balances",
    "blocks",
    "dataset_parents",
    "datasets",
    "deliveries",
    "documents",
    "escrows",
    "event_subjects",
    "events",
    "facts",
    "foldable",
    "invitations",
    "journal",
    "licences",
    "member_accounts",
    "members",
    "narrow",
    "offers",
    "storable",
    "token_owners",
    "tokens",
    "wide",
    "windows",
]

SCHEMA_VERSION: Final = "2"
METADATA: Final = MetaData()

_Text = String().with_variant(String(collation="C"), "postgresql")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def wide(number: int) -> str:
    """An integer below 2^256 as text that sorts as the number does."""
    return f"{number:064x}"


def narrow(text: str) -> int:
    """The integer that :func:`wide` wrote."""
    return int(text, 16)


def storable(text: str) -> str:
    """The text without NUL and lone surrogates, which no database here can hold; each becomes U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def foldable(text: str) -> str:
    """The text as it is searched: compatibility forms and case folded (Unicode Standard, 3.13 and UAX 15)."""
    return unicodedata.normalize("NFKC", storable(text)).casefold()


def _refers(target: str) -> ForeignKey:
    return ForeignKey(target, deferrable=True, initially="DEFERRED")


# What the index knows of itself and of the chain.

facts = Table(
    "facts",
    METADATA,
    Column("name", _Text, primary_key=True),
    Column("value", _Text, nullable=False),
)

blocks = Table(
    "blocks",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", _Text, nullable=False),
    Column("time", BigInteger, nullable=False),
)

events = Table(
    "events",
    METADATA,
    Column("block_number", BigInteger, _refers("blocks.number"), primary_key=True, autoincrement=False),
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    Column("contract", _Text, nullable=False),
    Column("name", _Text, nullable=False),
    Column("transaction_hash", _Text, nullable=False, index=True),
    Column("arguments", _Text, nullable=False),
    Index("events_by_name", "name", "block_number", "log_index"),
)

event_subjects = Table(
    "event_subjects",
    METADATA,
    Column("kind", _Text, primary_key=True),
    Column("subject", BigInteger, primary_key=True, autoincrement=False),
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", BigInteger, primary_key=True, autoincrement=False),
    ForeignKeyConstraint(
        ["block_number", "log_index"],
        ["events.block_number", "events.log_index"],
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    ),
    Index("event_subjects_by_event", "block_number", "log_index"),
)

journal = Table(
    "journal",
    METADATA,
    Column("block_number", BigInteger, primary_key=True, autoincrement=False),
    Column("table_name", _Text, primary_key=True),
    Column("row_key", _Text, primary_key=True),
    Column("before", _Text, nullable=True),
)

documents = Table(
    "documents",
    METADATA,
    Column("digest", _Text, primary_key=True),
    Column("status", _Text, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("retry_at", BigInteger, nullable=False),
    Column("problem", _Text, nullable=True),
    Column("name", _Text, nullable=True),
    Column("description", _Text, nullable=True),
    Column("creator", _Text, nullable=True),
    Column("keywords", _Text, nullable=True),
    Column("search", _Text, nullable=True),
    Column("document", _Text, nullable=True),
)

# State: what follows from the events.

members = Table(
    "members",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("principal", _Text, nullable=False),
    Column("status", BigInteger, nullable=False),
    Column("kinds", BigInteger, nullable=False),
    Column("country", _Text, nullable=False),
    Column("joined_at", BigInteger, nullable=False),
    Column("metadata_digest", _Text, nullable=False),
    Column("name", _Text, nullable=False),
    Column("search", _Text, nullable=False),
    Column("delivery_key_x", _Text, nullable=True),
    Column("delivery_key_y", _Text, nullable=True),
    Column("succession", BigInteger, nullable=False),
)

member_accounts = Table(
    "member_accounts",
    METADATA,
    Column("account", _Text, primary_key=True),
    Column("member", BigInteger, _refers("members.id"), nullable=False, index=True),
    Column("acts", Boolean, nullable=False),
)

invitations = Table(
    "invitations",
    METADATA,
    Column("member", BigInteger, _refers("members.id"), primary_key=True, autoincrement=False),
    Column("account", _Text, primary_key=True),
    Column("succession", BigInteger, nullable=False),
)

datasets = Table(
    "datasets",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("collector", BigInteger, _refers("members.id"), nullable=False, index=True),
    Column("holder", BigInteger, _refers("members.id"), nullable=False, index=True),
    Column("size", _Text, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
    Column("embargo_until", BigInteger, nullable=False),
    Column("funding", BigInteger, nullable=False),
    Column("tier", BigInteger, nullable=False),
    Column("status", BigInteger, nullable=False),
    Column("human_genetic_resources", Boolean, nullable=False),
    Column("manifest_codec", BigInteger, nullable=False),
    Column("manifest_digest", _Text, nullable=False, index=True),
    Column("metadata_digest", _Text, nullable=False, index=True),
    Column("key_commitment", _Text, nullable=False),
    Column("attribution_digest", _Text, nullable=False),
    Column("attribution", _Text, nullable=False),
    Column("search", _Text, nullable=False),
    Column("supersedes", BigInteger, _refers("datasets.id"), nullable=True),
    Column("superseded_by", BigInteger, _refers("datasets.id"), nullable=True),
)

dataset_parents = Table(
    "dataset_parents",
    METADATA,
    Column("dataset", BigInteger, _refers("datasets.id"), primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("parent", BigInteger, _refers("datasets.id"), nullable=False, index=True),
)

token_owners = Table(
    "token_owners",
    METADATA,
    Column("contract", _Text, primary_key=True),
    Column("token_id", BigInteger, primary_key=True, autoincrement=False),
    Column("owner", _Text, nullable=False, index=True),
)

offers = Table(
    "offers",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("dataset", BigInteger, _refers("datasets.id"), nullable=False, index=True),
    Column("open", Boolean, nullable=False),
    Column("published_at", BigInteger, nullable=False),
    Column("terms_digest", _Text, nullable=False),
    Column("token", _Text, nullable=False),
    Column("price", _Text, nullable=False),
    Column("duration", BigInteger, nullable=False),
    Column("duo_codes", BigInteger, nullable=False),
    Column("country", _Text, nullable=True),
    Column("moratorium_until", BigInteger, nullable=True),
    Column("diseases_digest", _Text, nullable=False),
    Column("fund", BigInteger, nullable=False),
    Column("platform", BigInteger, nullable=False),
    Column("collector_share", BigInteger, nullable=False),
    Column("holder_share", BigInteger, nullable=False),
    Column("fund_share", BigInteger, nullable=False),
    Column("platform_share", BigInteger, nullable=False),
    Column("prose_digest", _Text, nullable=False),
    Column("considerations_digest", _Text, nullable=False),
)

licences = Table(
    "licences",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("offer", BigInteger, _refers("offers.id"), nullable=False, index=True),
    Column("dataset", BigInteger, _refers("datasets.id"), nullable=False, index=True),
    Column("licensee", BigInteger, _refers("members.id"), nullable=False, index=True),
    Column("licensor", BigInteger, nullable=False, index=True),
    Column("stage", BigInteger, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("applied_at", BigInteger, nullable=False),
    Column("requested_purpose_digest", _Text, nullable=False),
    Column("purpose_digest", _Text, nullable=False),
    Column("agreement_digest", _Text, nullable=False),
    Column("delivery_key_digest", _Text, nullable=False),
    Column("reasons_digest", _Text, nullable=True),
    Column("payer", _Text, nullable=True),
    Column("settled", Boolean, nullable=False),
)

agreements = Table(
    "agreements",
    METADATA,
    Column("licence", BigInteger, _refers("licences.id"), primary_key=True, autoincrement=False),
    Column("digest", _Text, nullable=False),
    Column("purpose_digest", _Text, nullable=False),
    Column("licensor", BigInteger, nullable=False),
    Column("delivery_key_x", _Text, nullable=False),
    Column("delivery_key_y", _Text, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("agreed_at", BigInteger, nullable=False),
    Column("licensor_signer", _Text, nullable=False),
    Column("licensor_signature", _Text, nullable=False),
    Column("licensee_signer", _Text, nullable=False),
    Column("licensee_signature", _Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    METADATA,
    Column("licence", BigInteger, _refers("licences.id"), primary_key=True, autoincrement=False),
    Column("licensor", BigInteger, nullable=False),
    Column("wrapped_key", _Text, nullable=False),
    Column("ephemeral_prefix", BigInteger, nullable=False),
    Column("ephemeral_x", _Text, nullable=False),
    Column("delivered_at", BigInteger, nullable=False),
)

escrows = Table(
    "escrows",
    METADATA,
    Column("licence", BigInteger, _refers("licences.id"), primary_key=True, autoincrement=False),
    Column("token", _Text, nullable=False),
    Column("payer", BigInteger, nullable=False),
    Column("status", BigInteger, nullable=False),
    Column("amount", _Text, nullable=False),
    Column("funded_from", _Text, nullable=True),
)

balances = Table(
    "balances",
    METADATA,
    Column("member", BigInteger, _refers("members.id"), primary_key=True, autoincrement=False),
    Column("token", _Text, primary_key=True),
    Column("available", _Text, nullable=False),
    Column("credited", _Text, nullable=False),
    Column("withdrawn", _Text, nullable=False),
)

tokens = Table(
    "tokens",
    METADATA,
    Column("address", _Text, primary_key=True),
    Column("allowed", Boolean, nullable=False),
)

windows = Table(
    "windows",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("payment", BigInteger, nullable=False),
    Column("delivery", BigInteger, nullable=False),
    Column("acceptance", BigInteger, nullable=False),
)

STATE_TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        members,
        member_accounts,
        invitations,
        datasets,
        dataset_parents,
        token_owners,
        offers,
        licences,
        agreements,
        deliveries,
        escrows,
        balances,
        tokens,
        windows,
    )
}
