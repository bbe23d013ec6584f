"""Canonical JSON: one document, one sequence of bytes.

RFC 8785 (JSON Canonicalization Scheme) without its hard part: floating-point numbers are refused, so are
integers that a double cannot hold exactly. Reading is strict: duplicate names, floats, ``NaN``, a byte-order
mark, lone surrogates and oversized or too deeply nested documents are malformed.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from ledger.errors import DocumentError

__all__ = ["MAX_DEPTH", "MAX_INTEGER", "canonical_json", "malformed", "parse_json", "pointer", "too_deep"]

MAX_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly (RFC 8785, section 3.2.2.3)."""

MAX_DEPTH = 64
"""Most brackets open at once in a document. Python's own bound is no help: py_ecc, which eth-account imports, raises it
to 100,000, and long before that the parser overflows the C stack and takes the process with it."""

_BRACKETS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_STEPS = {"~": "~0", "/": "~1"}


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of plain values: dict, list, str, int, bool, None.

    Raises:
        DocumentError: A float, an integer beyond 2^53-1, another type, or text that is no Unicode.
    """
    try:
        return json.dumps(_checked(value, ()), ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise malformed((), "text holds a lone surrogate") from error


def parse_json(data: bytes, *, limit: int) -> Any:
    """Read strict JSON of at most `limit` bytes.

    Raises:
        DocumentError: Naming what is wrong; never another exception, whatever the bytes.
    """
    if len(data) > limit:
        raise malformed((), f"it has {len(data)} bytes, more than the {limit} allowed")
    if too_deep(data):
        raise malformed((), "it is nested too deeply")
    try:
        return json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_bounded,
        )
    except UnicodeDecodeError as error:
        raise malformed((), "it is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise malformed((), f"it is not JSON: {error.msg} at line {error.lineno} column {error.colno}") from error


def too_deep(data: bytes | bytearray) -> bool:
    """Whether JSON opens more than `MAX_DEPTH` brackets at once. Takes linear time, and any bytes."""
    depth = 0
    for match in _BRACKETS.finditer(data):
        first = match.group()[0]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif first in b"]}":
            depth -= 1
    return False


def pointer(path: tuple[str | int, ...]) -> str:
    """The JSON pointer (RFC 6901) of a path; the whole document is the empty pointer."""
    return "".join("/" + "".join(_STEPS.get(c, c) for c in str(step)) for step in path)


def malformed(path: tuple[str | int, ...], why: str, *, document: str = "The document") -> DocumentError:
    """The error for a document whose part at `path` is wrong."""
    where = f" at {pointer(path)}" if path else ""
    return DocumentError(f"{document} is malformed{where}", why=why, fix="correct it, or get it again from its author")


def _checked(value: Any, path: tuple[str | int, ...]) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise malformed(path, "an integer is beyond 2^53-1")
        return value
    if isinstance(value, list | tuple):
        return [_checked(item, (*path, i)) for i, item in enumerate(value)]
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return {name: _checked(value[name], (*path, name)) for name in names}
    raise malformed(path, f"a {type(value).__name__} has no canonical form")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise malformed((twice,), "the name stands twice in one object")
    return found


def _no_float(text: str) -> NoReturn:
    raise malformed((), f"{text[:40]} is not an integer, and no other number is allowed")


def _bounded(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise malformed((), f"{text[:40]} is beyond 2^53-1")
    return int(text)
