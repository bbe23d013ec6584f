"""The command as a whole: help, exit codes, and what becomes of errors."""

from __future__ import annotations

import errno
import inspect
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from ledger import errors
from ledger.cli import store
from ledger.cli.app import INTERRUPTED, UNEXPECTED, app, exit_codes, run
from ledger.errors import LedgerError


def commands() -> Iterator[tuple[str, ...]]:
    """The path of every command."""
    for group in app.registered_groups:
        assert group.typer_instance is not None
        for command in group.typer_instance.registered_commands:
            yield str(group.name), str(command.name)
    for command in app.registered_commands:
        yield (str(command.name),)


def callbacks() -> Iterator[tuple[str, Any]]:
    typers = [app, *(group.typer_instance for group in app.registered_groups if group.typer_instance)]
    for one in typers:
        for command in one.registered_commands:
            yield str(command.name), command.callback


def test_the_nouns_are_there() -> None:
    assert {path[0] for path in commands()} == {
        "keys",
        "member",
        "dataset",
        "offer",
        "licence",
        "benefits",
        "store",
        "network",
        "up",
    }


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*path, "--help"]) == 0

    shown = capsys.readouterr().out
    assert "--json" in shown
    assert "--home" in shown


def test_help_is_one_sentence_without_markup() -> None:
    for name, callback in callbacks():
        text = inspect.getdoc(callback)
        assert text, name
        assert "\n" not in text, name
        assert text.endswith("."), name
        assert len(text) <= 120, name
        assert "[" not in text, name


def test_the_help_lists_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    shown = capsys.readouterr().out
    for code in exit_codes():
        assert re.search(rf"^\s+{code}\s+\w", shown, re.MULTILINE), code


def test_every_class_of_errors_has_its_exit_code_in_the_list() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LedgerError)]

    assert {kind.exit_code for kind in kinds} <= exit_codes().keys()
    assert len({kind.exit_code for kind in LedgerError.__subclasses__()}) == len(LedgerError.__subclasses__())
    assert all(text.endswith(".") and "\n" not in text for text in exit_codes().values())


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage: ledger" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["fly"], "fly"),
        (["store"], "store"),
        (["store", "fly"], "fly"),
        (["store", "cid"], "PATH"),
        (["store", "cid", "a", "b"], "b"),
        (["store", "cid", "a", "--colour"], "--colour"),
        (["dataset", "show", "one"], "valid integer"),
        (["dataset", "show", "0"], "greater than or equal to 1"),
        (["keys", "create", "x", "--kind", "dataset"], "dataset"),
        (["keys", "create", "x", "--passphrase-fd", "-1"], "greater than or equal to 0"),
    ],
)
def test_a_misuse_is_one_line_that_points_to_the_help(
    arguments: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert part in err


def test_cid_prints_what_ipfs_would_and_stores_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hello").write_bytes(b"hello world")

    assert run(["store", "cid", str(tmp_path / "hello"), "--home", str(tmp_path / "home"), "--json"]) == 0

    cid = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
    assert capsys.readouterr().out == f'{{"cid": "{cid}"}}\n'
    assert not (tmp_path / "home").exists()


class TestFaults:
    """What happens when the program itself is at fault, shown on a command that is made to fail."""

    @pytest.fixture(autouse=True)
    def _failing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.error: BaseException = ValueError("boom")

        def fail(*_: object, **__: object) -> None:
            raise self.error

        monkeypatch.setattr(store, "cid_of_path", fail)

    def test_it_is_one_line_and_asks_for_a_report(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["store", "cid", "x"]) == UNEXPECTED

        assert capsys.readouterr().err == (
            "error: Something unexpected happened: ValueError: boom."
            " Please report it with the trace that --debug shows.\n"
        )

    def test_the_trace_is_there_on_demand(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(["store", "cid", "x", "--debug"]) == UNEXPECTED

        err = capsys.readouterr().err
        assert "Traceback" in err
        assert err.splitlines()[-1].startswith("error: ")

    def test_an_interruption_is_not_an_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.error = KeyboardInterrupt()

        assert run(["store", "cid", "x"]) == INTERRUPTED
        assert "Traceback" not in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("error", "code", "part"),
        [
            (PermissionError(errno.EACCES, "x", "/srv/home"), 3, "/srv/home cannot be used: permission denied"),
            (OSError(errno.ENOSPC, "x", "/srv/home"), 6, "The disk is full"),
            (OSError(errno.ENOSPC, "x"), 6, "The disk is full"),
            (OSError(errno.EIO, "x"), UNEXPECTED, "Something unexpected"),
        ],
    )
    def test_what_the_system_refuses_is_said_in_words(
        self, error: OSError, code: int, part: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.error = error

        assert run(["store", "cid", "x"]) == code
        assert part in capsys.readouterr().err

    def test_a_ledgers_error_has_its_own_code(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.error = errors.NoSpaceError("There is no space left", why="the disk is full", fix="free some")

        assert run(["store", "cid", "x", "--json"]) == 6
        assert '"code": "no-space"' in capsys.readouterr().err


def test_the_exit_codes_of_signals_are_those_of_shells() -> None:
    assert 128 + signal.SIGINT == INTERRUPTED


def test_typer_is_used_as_its_documents_say() -> None:
    """`run` relies on these names; an upgrade that drops them is noticed here."""
    assert issubclass(typer.BadParameter, typer.TyperException)
    assert issubclass(typer.Exit, RuntimeError)
