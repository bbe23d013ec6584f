"""ABI encodings whose offsets all lead to the same bytes: short, and huge once decoded."""

from __future__ import annotations

from ledger.chain.artifacts import artifact


def word(number: int) -> bytes:
    """A number as the ABI has it."""
    return number.to_bytes(32, "big")


def shared_lists(lists: int, numbers: int) -> bytes:
    """``uint64[][]``: as many lists, which are all the same bytes."""
    return word(32) + word(lists) + word(lists * 32) * lists + word(numbers) + word(1) * numbers


def registrations(count: int, parents: int) -> bytes:
    """Calldata of ``Datasets.register``: registrations that are all the same bytes, with so many parents each."""
    function = artifact("Datasets").function("register", 1)
    members = function.inputs[0].components
    head = b""
    for member in members:
        if member.type == "string":
            head += word(len(members) * 32)
        elif member.type.endswith("[]"):
            head += word(len(members) * 32 + 32)
        else:
            head += word(0)
    body = head + word(0) + word(parents) + word(1) * parents
    return function.selector + word(32) + word(count) + word(count * 32) * count + body
