"""The compiled contracts, as they travel inside the package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final

from ledger.chain.abi import Entry
from ledger.errors import UsageError

__all__ = ["CONTRACTS", "Artifact", "artifact"]

CONTRACTS: Final[tuple[str, ...]] = (
    "AccessManager",
    "Members",
    "Datasets",
    "Benefits",
    "Offers",
    "Licences",
    "KeyExchange",
    "SettlementToken",
)
"""Every contract of a ledger, in order of deployment."""


@dataclass(frozen=True)
class Artifact:
    """A compiled contract.

    Attributes:
        name: Its name.
        abi: The compiler's ABI, as plain JSON values.
        bytecode: Creation code, to which the encoded constructor arguments are added.
        runtime: Code as it stands at an address, with zeros where the immutables go.
        immutables: Places of the immutables in `runtime`: (start, length), in bytes.
        userdoc: NatSpec for users.
        devdoc: NatSpec for developers.
    """

    name: str
    abi: tuple[Mapping[str, Any], ...] = field(repr=False)
    bytecode: bytes = field(repr=False)
    runtime: bytes = field(repr=False)
    immutables: tuple[tuple[int, int], ...] = field(repr=False)
    userdoc: Mapping[str, Any] = field(repr=False)
    devdoc: Mapping[str, Any] = field(repr=False)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Functions, events and errors."""
        return tuple(Entry.parse(item) for item in self.abi if item["type"] in ("function", "event", "error"))

    @cached_property
    def constructor(self) -> Entry:
        """The constructor, as a function without selector."""
        item = next(item for item in self.abi if item["type"] == "constructor")
        return Entry.parse({**item, "name": "constructor"})

    @cached_property
    def functions(self) -> Mapping[bytes, Entry]:
        """Functions by selector."""
        return {entry.selector: entry for entry in self.entries if entry.kind == "function"}

    @cached_property
    def events(self) -> Mapping[bytes, Entry]:
        """Events by topic 0."""
        return {entry.topic: entry for entry in self.entries if entry.kind == "event"}

    @cached_property
    def errors(self) -> Mapping[bytes, Entry]:
        """Custom errors by selector."""
        return {entry.selector: entry for entry in self.entries if entry.kind == "error"}

    def function(self, name: str, arguments: int) -> Entry:
        """The function of this name (or full signature) that takes so many arguments.

        Raises:
            UsageError: There is none, or more than one.
        """
        found = [
            entry
            for entry in self.functions.values()
            if (entry.name == name and len(entry.inputs) == arguments) or entry.signature == name
        ]
        if len(found) != 1:
            raise UsageError(
                f"{self.name} cannot be called so",
                why=f"it has {len(found)} functions {name} with {arguments} arguments",
                fix="name a function of the contract's interface, by its full signature if it is overloaded",
            )
        return found[0]

    def event(self, name: str) -> Entry:
        """The event of this name.

        Raises:
            UsageError: There is none.
        """
        found = next((entry for entry in self.events.values() if entry.name == name), None)
        if found is None:
            raise UsageError(
                f"{self.name} has no event {name}", why="its interface declares none", fix="name one of its events"
            )
        return found

    def matches(self, code: bytes) -> bool:
        """Whether code found at an address is this contract's, whatever its immutables are."""
        masked = bytearray(code)
        for start, length in self.immutables:
            masked[start : start + length] = bytes(length)
        return bytes(masked) == self.runtime


@cache
def artifact(name: str) -> Artifact:
    """The compiled contract of this name.

    Raises:
        UsageError: There is no such contract, or the package holds no compiled contracts.
    """
    source = files("ledger.chain").joinpath("artifacts", f"{name}.json")
    if name not in CONTRACTS or not source.is_file():
        raise UsageError(
            f"There is no compiled contract {name}",
            why="the package knows none of this name" if name not in CONTRACTS else "the contracts are not compiled",
            fix=f"use one of {', '.join(CONTRACTS)}" if name not in CONTRACTS else "run scripts/compile.py",
        )
    found = json.loads(source.read_text("utf-8"))
    return Artifact(
        name=name,
        abi=tuple(found["abi"]),
        bytecode=bytes.fromhex(found["bytecode"][2:]),
        runtime=bytes.fromhex(found["deployedBytecode"][2:]),
        immutables=tuple(
            (place["start"], place["length"]) for places in found["immutableReferences"].values() for place in places
        ),
        userdoc=found["userdoc"],
        devdoc=found["devdoc"],
    )
