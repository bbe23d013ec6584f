from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from eth_abi.abi import encode
from eth_abi.exceptions import DecodingError

from ledger.chain.abi import Parameter, decode_values
from ledger.chain.artifacts import artifact
from ledger.chain.calls import read_call
from ledger.chain.errors import decode_revert
from ledger.chain.extent import SharedBytesError, require_unshared
from ledger.errors import IntegrityError, RefusedError
from tests.support.bombs import registrations, shared_lists, word


@pytest.mark.parametrize(
    ("types", "values"),
    [
        ((), ()),
        (("uint8",), (7,)),
        (("(uint8,address)[2]",), ([(1, "0x" + "11" * 20)] * 2,)),
        (("string", "bytes", "bytes2"), ("Überleben", b"x" * 33, b"DE")),
        (("uint64[]", "uint64[][2]", "string[3]"), ([1, 2], [[], [3, 4]], ["a", "", "b" * 64])),
        (("(uint8,(string,uint64[])[])[]", "bool"), ([(1, [("a", [1]), ("b", [])]), (2, [])], True)),
        (("(bytes,(uint8,uint8))", "bytes[]"), ((b"", (1, 2)), [b"", b"x" * 100])),
    ],
)
def test_what_an_encoder_writes_is_counted_to_its_last_byte(types: tuple[str, ...], values: tuple[Any, ...]) -> None:
    data = encode(types, values)
    require_unshared(types, data)
    require_unshared(types, data + b"\0")
    if data:
        with pytest.raises(DecodingError):
            require_unshared(types, data[:-1])


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("uint64[][]", shared_lists(3, 5)),
        ("bytes[]", word(32) + word(2) + word(64) * 2 + word(32) + bytes(32)),
        ("(string,string)", word(32) + word(64) * 2 + word(1) + b"a".ljust(32, b"\0")),
        ("string[2]", word(32) + word(64) * 2 + word(1) + b"a".ljust(32, b"\0")),
    ],
)
def test_values_that_share_bytes_are_refused(kind: str, data: bytes) -> None:
    with pytest.raises(SharedBytesError):
        require_unshared([kind], data)
    with pytest.raises(IntegrityError, match="cannot be read"):
        decode_values([Parameter("x", kind, kind)], data)


@pytest.mark.parametrize("length", [2**64, 2**255, 2**256 - 1])
@pytest.mark.parametrize("kind", ["uint8[]", "string[]", "bytes", "(string,uint8)[]"])
def test_a_length_that_is_not_there_is_refused_at_once(kind: str, length: int) -> None:
    with pytest.raises(DecodingError):
        require_unshared([kind], word(32) + word(length) + bytes(96))


@pytest.mark.parametrize("place", [33, 2**64, 2**256 - 32])
def test_an_offset_that_leads_nowhere_is_refused(place: int) -> None:
    with pytest.raises(DecodingError):
        require_unshared(["bytes"], word(place) + bytes(32))


def _call() -> None:
    call = read_call(registrations(2_000, 2_000), "Datasets")
    assert (call.function, call.arguments) == ("register", None)


def _multicall() -> None:
    entry = artifact("AccessManager").function("multicall", 1)
    shared = word(32) + word(2_000) + word(2_000 * 32) * 2_000 + word(60_000) + bytes(60_000)
    assert read_call(entry.selector + shared, "AccessManager").arguments is None


def _event() -> None:
    kinds = [p for p in artifact("Datasets").event("DatasetRegistered").inputs if not p.indexed]
    with pytest.raises(IntegrityError):
        decode_values([Parameter("list", f"{kinds[-1].type}[]", "")], registrations(2_000, 2_000)[4:], any_text=True)


def _revert() -> None:
    error = decode_revert(bytes.fromhex("08c379a0") + word(32) + word(2**20) + bytes(64))
    assert isinstance(error, RefusedError)
    assert "unreadable" in error.why


@pytest.mark.parametrize("decode", [_call, _multicall, _event, _revert])
def test_128_kib_never_stand_for_millions_of_values(decode: Callable[[], None]) -> None:
    began = time.process_time()
    decode()
    assert time.process_time() - began < 0.5  # they took seconds, and a hundred megabytes
