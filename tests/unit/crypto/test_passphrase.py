from __future__ import annotations

import getpass
import os
import pickle
from collections.abc import Iterator

import pytest

from ledger.crypto.passphrase import MAX_PASSPHRASE, Passphrase
from ledger.errors import KeyMaterialError, UsageError


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def answers(monkeypatch: pytest.MonkeyPatch, *given: str) -> list[str]:
    asked: list[str] = []
    left = iter(given)

    def ask(question: str) -> str:
        asked.append(question)
        return next(left)

    monkeypatch.setattr(getpass, "getpass", ask)
    return asked


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_one_line_is_read_and_the_rest_left(pipe: tuple[int, int], ending: bytes) -> None:
    os.write(pipe[1], "Grüße".encode() + ending + b"rest")
    assert Passphrase.from_descriptor(pipe[0]).secret == "Grüße".encode()
    assert os.read(pipe[0], 10) == b"rest"


@pytest.mark.parametrize("line", [b"\n", b"a" * (MAX_PASSPHRASE + 1), b"\xff\n"])
def test_an_unusable_line_is_refused(pipe: tuple[int, int], line: bytes) -> None:
    os.write(pipe[1], line)
    with pytest.raises(KeyMaterialError, match="not usable"):
        Passphrase.from_descriptor(pipe[0])


def test_a_closed_descriptor_is_said_so() -> None:
    with pytest.raises(UsageError, match="file descriptor 999"):
        Passphrase.from_descriptor(999)


def test_a_new_passphrase_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch, "secret", "secret")
    assert Passphrase.prompt("New passphrase", confirm=True).secret == b"secret"
    assert len(asked) == 2


def test_two_different_answers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "secret", "sekret")
    with pytest.raises(KeyMaterialError, match="differ"):
        Passphrase.prompt(confirm=True)


def test_a_known_passphrase_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(answers(monkeypatch, "secret")) == 0
    assert Passphrase.prompt().secret == b"secret"


def test_without_a_terminal_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_question: str) -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", nobody)
    with pytest.raises(UsageError, match="--passphrase-fd"):
        Passphrase.prompt()


def test_ctrl_c_at_the_prompt_is_not_taken_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_question: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(getpass, "getpass", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Passphrase.prompt()


def test_it_does_not_show_itself() -> None:
    passphrase = Passphrase("secret")
    assert "secret" not in repr(passphrase)
    with pytest.raises(TypeError):
        pickle.dumps(passphrase)
