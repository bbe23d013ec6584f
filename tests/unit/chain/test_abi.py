from __future__ import annotations

from typing import Any

import pytest

from ledger.chain.abi import Entry, Parameter, decode_values, encode_values, snake_case
from ledger.errors import InputError, IntegrityError


def function(name: str, *types: str) -> Entry:
    inputs = [{"name": f"argument{n}", "type": kind} for n, kind in enumerate(types)]
    return Entry.parse({"type": "function", "name": name, "inputs": inputs, "outputs": []})


SHARES = {
    "name": "shares",
    "type": "tuple[]",
    "internalType": "struct Share[]",
    "components": [{"name": "memberId", "type": "uint32"}, {"name": "payTo", "type": "address"}],
}


@pytest.mark.parametrize(
    ("solidity", "python"),
    [
        ("applyFor", "apply_for"),
        ("keyCommitment", "key_commitment"),
        ("deliveryKeyX", "delivery_key_x"),
        ("DOMAIN_SEPARATOR", "domain_separator"),
        ("eip712Domain", "eip712_domain"),
        ("tokenURI", "token_uri"),
        ("licence", "licence"),
        ("_disableInitializers", "disable_initializers"),
    ],
)
def test_solidity_names_become_pythons(solidity: str, python: str) -> None:
    assert snake_case(solidity) == python


# The vectors of the Contract ABI Specification, section Examples.
@pytest.mark.parametrize(
    ("entry", "arguments", "encoded"),
    [
        (
            function("baz", "uint32", "bool"),
            (69, True),
            "cdcd77c0" + f"{69:064x}" + f"{1:064x}",
        ),
        (
            function("bar", "bytes3[2]"),
            ([b"abc", b"def"],),
            "fce353f6" + b"abc".hex().ljust(64, "0") + b"def".hex().ljust(64, "0"),
        ),
        (
            function("sam", "bytes", "bool", "uint256[]"),
            (b"dave", True, [1, 2, 3]),
            "a5643bf2"
            f"{0x60:064x}{1:064x}{0xA0:064x}{4:064x}"
            + b"dave".hex().ljust(64, "0")
            + f"{3:064x}{1:064x}{2:064x}{3:064x}",
        ),
    ],
    ids=lambda value: value.signature if isinstance(value, Entry) else "",
)
def test_calldata_is_that_of_the_specification(entry: Entry, arguments: tuple[Any, ...], encoded: str) -> None:
    assert entry.encode(arguments).hex() == encoded
    assert tuple(entry.decode_arguments(bytes.fromhex(encoded)).values()) == arguments


def test_erc20_transfer_is_the_known_calldata() -> None:
    entry = function("transfer", "address", "uint256")
    data = entry.encode(("0x5B38Da6a701c568545dCfcB03FcB875f56beddC4", 10))
    assert data.hex() == ("a9059cbb0000000000000000000000005b38da6a701c568545dcfcb03fcb875f56beddc4" + f"{10:064x}")


def test_structs_become_dictionaries_also_inside_arrays() -> None:
    parameter = Parameter.parse(SHARES)
    assert parameter.type == "(uint32,address)[]"
    account = "0x5B38Da6a701c568545dCfcB03FcB875f56beddC4"
    data = encode_values([parameter], [[(7, account), (8, account)]], what="test")
    assert decode_values([parameter], data) == (
        [{"member_id": 7, "pay_to": account}, {"member_id": 8, "pay_to": account}],
    )


def test_one_output_comes_bare_and_several_as_a_tuple() -> None:
    item = {"type": "function", "name": "f", "inputs": [], "outputs": [{"name": "", "type": "uint8"}]}
    assert Entry.parse(item).decode_output(bytes(31) + b"\x05") == 5
    item["outputs"] = [{"name": "a", "type": "uint8"}, {"name": "b", "type": "bool"}]
    assert Entry.parse(item).decode_output(bytes(31) + b"\x05" + bytes(31) + b"\x01") == (5, True)


@pytest.mark.parametrize("arguments", [(2**32, True), (-1, True), ("x", True), (1,), (1, True, 3), (1, "yes")])
def test_arguments_that_do_not_fit_are_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(InputError, match="do not fit baz"):
        function("baz", "uint32", "bool").encode(arguments)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("uint32", b""),
        ("uint32", b"\xff" * 32),
        ("bool", bytes(31) + b"\x02"),
        ("address", b"\xff" * 32),
        ("bytes", b"\xff" * 32),
        ("string", bytes(31) + b"\x20" + bytes(31) + b"\x01" + b"\xff".ljust(32, b"\0")),
        ("bytes2", b"DE" + b"\x01".rjust(30, b"\0")),
    ],
)
def test_data_that_is_no_encoding_is_refused(kind: str, data: bytes) -> None:
    with pytest.raises(IntegrityError, match="cannot be read"):
        decode_values([Parameter("x", kind, kind)], data)
