from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import DocumentError
from ledger.model.canonical import MAX_DEPTH, MAX_INTEGER, canonical_json, parse_json, pointer, too_deep

LIMIT = 1 << 20

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_names_are_sorted_by_utf_16_as_in_rfc_8785_section_3_2_3() -> None:
    # The example of RFC 8785, 3.2.3: code units, not code points, decide.
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    document = canonical_json(dict.fromkeys(names))
    assert list(json.loads(document)) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_no_space_and_no_needless_escape() -> None:
    assert canonical_json({"b": [1, True, None], "a": "€/\n"}) == '{"a":"€/\\n","b":[1,true,null]}'.encode()


@given(plain)
def test_what_is_written_reads_back_and_is_written_the_same(value: Any) -> None:
    document = canonical_json(value)
    assert parse_json(document, limit=LIMIT) == value
    assert canonical_json(parse_json(document, limit=LIMIT)) == document


@pytest.mark.parametrize("value", [1.5, float("nan"), MAX_INTEGER + 1, b"", {1: 2}, object(), "\ud800"])
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(DocumentError):
        canonical_json({"x": [value]})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"a":1,"a":2}',
        b"1.0",
        b"1e3",
        b"NaN",
        b"Infinity",
        b"9007199254740992",
        b"1" * 5_000,
        b"[" * 200_000,
        b'{"a":' * 100_000,
    ],
)
def test_hostile_json_is_a_document_error_and_nothing_else(data: bytes) -> None:
    with pytest.raises(DocumentError):
        parse_json(data, limit=LIMIT)


@pytest.mark.parametrize("data", [b"[" * 250_000, b'{"a":' * 50_000])
def test_deep_nesting_does_not_take_the_process_along(data: bytes) -> None:
    """As it would: a library that eth-account imports raises the recursion limit beyond what the C stack holds."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        with pytest.raises(DocumentError, match="nested too deeply"):
            parse_json(data, limit=LIMIT)
    finally:
        sys.setrecursionlimit(usual)


@pytest.mark.parametrize(
    ("data", "deep"),
    [
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, False),
        (b"[" * (MAX_DEPTH + 1), True),
        (b"[]" * 1_000, False),
        (b'"' + b"[" * 1_000 + b'"', False),
        (b'"\\"' + b"[" * 1_000 + b'"', False),
        (b'"\\\\"' + b"[" * 1_000, True),
        (b'"' + b'\\"' * 100_000, False),
        (b'"abc\\', False),
        (b'["a", "b"]' + b'{"c":' * (MAX_DEPTH + 1), True),
    ],
)
def test_brackets_in_text_do_not_nest(data: bytes, deep: bool) -> None:  # noqa: FBT001 - a row of the table
    assert too_deep(data) is deep


@given(st.recursive(st.text() | st.integers(0, 9), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_what_is_not_deep_is_let_through(value: object) -> None:
    assert not too_deep(json.dumps(value).encode())


def test_a_document_above_its_limit_is_refused_unread() -> None:
    with pytest.raises(DocumentError, match="more than the 10 allowed"):
        parse_json(b"[" + b" " * 10 + b"]", limit=10)


def test_a_pointer_escapes_as_rfc_6901_says() -> None:
    assert pointer(("a/b", 0, "~")) == "/a~1b/0/~0"
    assert pointer(()) == ""
