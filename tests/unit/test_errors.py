from __future__ import annotations

import re

import pytest

from ledger import errors
from ledger.errors import LedgerError, RefusedError

TREE = [getattr(errors, name) for name in errors.__all__]


@pytest.mark.parametrize("kind", TREE)
def test_every_error_is_in_the_tree_that_the_docstring_draws(kind: type[LedgerError]) -> None:
    assert issubclass(kind, LedgerError)
    assert re.search(rf"\b{kind.__name__}\b", errors.__doc__ or "")


def test_every_error_class_is_exported() -> None:
    defined = {
        name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, LedgerError)
    }
    assert defined == set(errors.__all__)


def test_a_branch_has_one_exit_code_and_no_two_branches_share_it() -> None:
    branches = LedgerError.__subclasses__()
    codes = [branch.exit_code for branch in branches]
    assert sorted(codes) == list(range(2, 2 + len(branches)))
    for branch in branches:
        assert all(leaf.exit_code == branch.exit_code for leaf in branch.__subclasses__())


def test_an_error_reads_as_one_line_that_says_what_why_and_what_to_do() -> None:
    error = errors.NoSpaceError("The disk is full", why="no space left on device", fix="free some space")
    assert str(error) == "The disk is full: no space left on device. Free some space."
    assert error.as_dict() == {
        "code": "no-space",
        "what": "The disk is full",
        "why": "no space left on device",
        "fix": "free some space",
    }


def test_a_refusal_carries_the_contracts_own_name_and_arguments() -> None:
    error = RefusedError("No", why="because", fix="wait", name="EmbargoInForce", arguments={"dataset": 3})
    assert error.as_dict()["name"] == "EmbargoInForce"
    assert error.as_dict()["arguments"] == {"dataset": 3}
