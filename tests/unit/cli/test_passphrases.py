"""Passphrases of a command: asked for once, tried on the next key, never shown."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from ledger.cli.passphrases import Passphrases
from ledger.crypto.passphrase import Passphrase
from ledger.errors import KeyMaterialError, UsageError


@pytest.fixture
def descriptor() -> Iterator[Callable[[str], int]]:
    ends: list[int] = []

    def with_text(text: str) -> int:
        reading, writing = os.pipe()
        os.write(writing, text.encode())
        os.close(writing)
        ends.append(reading)
        return reading

    yield with_text
    for end in ends:
        os.close(end)


def opens(expected: str) -> Callable[[Passphrase], str]:
    """A key that opens with one passphrase."""

    def attempt(passphrase: Passphrase) -> str:
        if passphrase.secret != expected.encode():
            raise KeyMaterialError("The key stays locked", why="the passphrase is wrong", fix="try again")
        return expected

    return attempt


def test_one_line_opens_every_key_of_a_command(descriptor: Callable[[str], int]) -> None:
    passphrases = Passphrases(descriptor("one\n"))

    assert passphrases.unlock("a", opens("one")) == "one"
    assert passphrases.unlock("b", opens("one")) == "one"
    assert passphrases.new("c").secret == b"one"


def test_keys_may_have_passphrases_of_their_own(descriptor: Callable[[str], int]) -> None:
    passphrases = Passphrases(descriptor("one\ntwo\n"))

    assert passphrases.unlock("a", opens("one")) == "one"
    assert passphrases.unlock("b", opens("two")) == "two"


def test_a_wrong_passphrase_is_told_as_such(descriptor: Callable[[str], int]) -> None:
    passphrases = Passphrases(descriptor("one\n"))
    passphrases.unlock("a", opens("one"))

    with pytest.raises(KeyMaterialError, match="stays locked"):
        passphrases.unlock("b", opens("two"))


def test_a_wrong_passphrase_is_not_remembered(descriptor: Callable[[str], int]) -> None:
    passphrases = Passphrases(descriptor("wrong\nright\n"))
    with pytest.raises(KeyMaterialError):
        passphrases.unlock("a", opens("right"))

    assert passphrases.unlock("a", opens("right")) == "right"


def test_an_empty_descriptor_is_an_error_of_its_own(descriptor: Callable[[str], int]) -> None:
    with pytest.raises(KeyMaterialError, match="not usable"):
        Passphrases(descriptor("")).unlock("a", opens("x"))


def test_another_passphrase_is_the_next_line(descriptor: Callable[[str], int]) -> None:
    passphrases = Passphrases(descriptor("old\nnew\n"))

    passphrases.unlock("a", opens("old"))

    assert passphrases.another("a").secret == b"new"


def test_people_are_asked_once_and_twice_for_a_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "one"

    monkeypatch.setattr("getpass.getpass", answer)
    passphrases = Passphrases()

    passphrases.new("a")
    passphrases.unlock("b", opens("one"))

    assert asked == ["New passphrase for a: ", "New passphrase for a, again: "]


def test_nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_question: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", nobody)
    with pytest.raises(UsageError, match="--passphrase-fd"):
        Passphrases().unlock("a", opens("x"))
