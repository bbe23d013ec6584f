"""The story's people, each with a home of their own; hospital and institute share a store, as one swarm does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.storage.embedded import EmbeddedStore
from tests.support.institution import Institution, study
from tests.support.story import Story
from tests.support.world import World


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    with EmbeddedStore(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def hospital(world: World, store: EmbeddedStore, tmp_path: Path) -> Institution:
    return Institution(world, world.hospital, tmp_path / "hospital", store)


@pytest.fixture
def institute(world: World, store: EmbeddedStore, tmp_path: Path) -> Institution:
    return Institution(world, world.institute, tmp_path / "institute", store)


@pytest.fixture
def company(world: World, store: EmbeddedStore, tmp_path: Path) -> Institution:
    return Institution(world, world.company, tmp_path / "company", store)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return study(tmp_path / "study")


@pytest.fixture
def story(world: World, hospital: Institution, institute: Institution, source: Path) -> Story:
    return Story(world, hospital, institute, source)
