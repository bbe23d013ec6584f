"""The documents name what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
GROUPS = {"R1": 7, "R2": 7, "R3": 4, "R4": 8}
STATUSES = ("enforced", "recorded", "partly", "planned")
TREES = ("contracts", "src", "api", "scripts", "tests", "benchmarks", "docs")


def test_every_requirement_has_one_row_with_a_status() -> None:
    rows = re.findall(
        r"^\| (R\d(?:\.\d)?)\b[^|]*\| (\w+)", (ROOT / "docs" / "requirements.md").read_text(), re.MULTILINE
    )
    wanted = [f"{group}.{number}" for group, count in GROUPS.items() for number in range(1, count + 1)] + ["R5"]
    assert [name for name, _ in rows] == wanted
    assert {status for _, status in rows} <= set(STATUSES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_is_named_is_there(document: Path) -> None:
    for named in re.findall(r"`([a-z_]+/[\w./*-]*)`", document.read_text()):
        if named.split("/")[0] in TREES:
            assert list(ROOT.glob(named.rstrip("/"))), named


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_decision_that_is_cited_is_there(document: Path) -> None:
    for number in re.findall(r"decision (\d{4})", document.read_text()):
        assert list((ROOT / "docs" / "decisions").glob(f"{number}-*.md")), number


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
