"""What is printed: results on one stream, the rest on the other, and nothing that commands a terminal."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ledger.cli.output import Listing, Output, Record, plain
from ledger.errors import LedgerError
from ledger.model.cid import Cid
from ledger.model.parties import DeliveryKey, MemberKind
from ledger.model.terms import DuoCodes


@dataclass
class Holder:
    shown: int
    secret: str = field(repr=False, default="hunter2")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (2**128, 2**128),
        (b"\x01\xff", "0x01ff"),
        (MemberKind.INSTITUTION | MemberKind.FUND, ["institution", "fund"]),
        (Cid.from_digest(bytes(32)), str(Cid.from_digest(bytes(32)))),
        (Path("/srv"), "/srv"),
        (frozenset({3, 1}), [1, 3]),
        ({"a": (b"\x02",)}, {"a": ["0x02"]}),
        (DeliveryKey(x=1, y=2), {"x": 1, "y": 2}),
        (DuoCodes.of("DUO:0000042", "DUO:0000019"), {"codes": [19, 42]}),
        (Holder(1), {"shown": 1}),
    ],
)
def test_every_value_has_one_plain_form(value: object, expected: object) -> None:
    assert plain(value) == expected
    assert json.loads(json.dumps(plain(value))) == expected


def test_a_record_is_one_json_object_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).show(Record({"cid": Cid.from_digest(bytes(32)), "none": None, "text": "ä\n"}, title="no"))

    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert json.loads(out) == {"cid": str(Cid.from_digest(bytes(32))), "none": None, "text": "ä\n"}
    assert err == ""


def test_a_listing_has_items_and_the_cursor_of_the_next_page(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).show(Listing([{"id": 1, "more": b"\x01"}], ("id",), "abc"))

    assert json.loads(capsys.readouterr().out) == {"items": [{"id": 1, "more": "0x01"}], "next": "abc"}


def test_people_see_titles_labels_and_words(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).show(Record({"gas_used": 7, "open": True, "none": None, "parts": {"a": 1}}, title="Done."))

    out = capsys.readouterr().out
    assert "Done." in out
    assert "gas used  7" in out
    assert "yes" in out
    assert "a: 1" in out
    assert "none" not in out


def test_an_empty_listing_says_so_beside_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).show(Listing([], ("id",)))

    assert "Nothing to show." in capsys.readouterr().err


def test_text_of_others_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "name\x1b[2J\x07\u202eevil[red]x[/red]"
    output = Output(as_json=False)

    output.show(Record({"name": hostile}))
    output.show(Listing([{"name": hostile}], ("name",)))
    output.error(LedgerError("It failed", why=hostile, fix="stop"))

    out, err = capsys.readouterr()
    for text in (out, err):
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "\u202e" not in text
        assert "[red]x[/red]" in text


def test_errors_are_one_line_in_both_forms(capsys: pytest.CaptureFixture[str]) -> None:
    error = LedgerError("It failed", why="two\nlines", fix="try again")

    Output(as_json=False).error(error)
    assert capsys.readouterr() == ("", "error: It failed: two lines. Try again.\n")

    Output(as_json=True).error(error)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert json.loads(err)["error"]["code"] == "ledger"


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=False)

    with output.progress("sealing") as advance:
        advance(1, 2, "a")
        advance(2, 0, "b")

    assert capsys.readouterr() == ("", "")


def test_notes_are_for_people_only(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=True).note("by the way")
    assert capsys.readouterr() == ("", "")

    Output(as_json=False).note("by the way")
    assert capsys.readouterr() == ("", "by the way\n")


def test_people_read_dates_and_days_where_json_has_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    record = Record({"expires_at": 1_764_000_000, "deadline": 0, "windows": {"payment": 86_400 * 14, "delivery": 61}})
    Output(as_json=False).show(record)
    shown = capsys.readouterr().out
    assert "2025-11-24T16:00:00Z" in shown
    assert "none" in shown
    assert "payment: 14 days" in shown
    assert "delivery: 61 seconds" in shown

    Output(as_json=True).show(record)
    assert json.loads(capsys.readouterr().out) == dict(record.values)


def test_a_name_with_a_line_break_is_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    Output(as_json=False).show(Listing([{"id": 1, "name": "City\n2  Evil"}], ("id", "name")))
    assert capsys.readouterr().out.count("\n") == 2


def test_hostile_text_in_json_is_escaped_and_reads_back_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "name\x1b[2J\x07\u202e\x85evil ä"
    Output(as_json=True).show(Record({"name": hostile}))
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert not {"\x1b", "\x07", "\u202e", "\x85"} & set(out)
    assert json.loads(out) == {"name": hostile}
