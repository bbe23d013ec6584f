from __future__ import annotations

import pytest

from ledger.index.schema import METADATA, STATE_TABLES, foldable, narrow, storable, wide


def test_wide_numbers_sort_as_numbers() -> None:
    numbers = [0, 1, 9, 10, 255, 256, 2**63, 2**64 - 1, 2**128 - 1, 2**256 - 1]

    assert sorted(map(wide, reversed(numbers))) == list(map(wide, numbers))
    assert [narrow(wide(number)) for number in numbers] == numbers
    assert {len(wide(number)) for number in numbers} == {64}


@pytest.mark.parametrize(
    ("text", "kept"),
    [("plain", "plain"), ("a\0b", "a\ufffdb"), ("\ud800x\udfff", "\ufffdx\ufffd"), ("Ärzte 🩺", "Ärzte 🩺")],
)
def test_text_that_no_database_can_hold_is_replaced(text: str, kept: str) -> None:
    assert storable(text) == kept
    assert storable(text).encode()


@pytest.mark.parametrize(
    ("one", "other"), [("STRASSE", "straße"), ("ﬁbrosis", "FIBROSIS"), ("ＣＴ", "ct"), ("A\u0308rzte", "ärzte")]
)
def test_words_are_found_in_whatever_form_they_are_written(one: str, other: str) -> None:
    assert foldable(one) == foldable(other)


def test_the_tables_of_the_index_itself_are_not_part_of_its_state() -> None:
    apart = METADATA.tables.keys() - STATE_TABLES.keys()

    assert apart == {"facts", "blocks", "events", "event_subjects", "journal", "documents"}
