"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # imported where they are used: web3 takes a second, and most unit tests need no chain
    from ledger.chain.anvil import Anvil
    from tests.support.world import World


@pytest.fixture(scope="session")
def anvil() -> Iterator[Anvil]:
    """One anvil for the whole run."""
    from tests.support import nodes  # noqa: PLC0415 - see above

    with nodes.anvil() as running:
        yield running


@pytest.fixture(scope="session")
def deployed_world(anvil: Anvil) -> Iterator[World]:
    """One deployed ledger for the whole run; use `world`, which leaves no traces."""
    from tests.support.world import World  # noqa: PLC0415 - see above

    with World.deploy(anvil.url) as deployed:
        yield deployed


@pytest.fixture
def world(deployed_world: World) -> Iterator[World]:
    """A deployed ledger and its people, as if new for each test."""
    with deployed_world.isolated() as isolated:
        yield isolated
