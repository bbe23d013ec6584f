"""A ledger with a history: many datasets on offer and some licences, for the figures about reading it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ledger.chain import datasets, offers
from ledger.chain.anvil import Anvil
from ledger.index.sync import REORG_BOUND
from ledger.model.dataset import MAX_BATCH, Publication
from ledger.model.ids import DatasetId
from tests.support.world import World

__all__ = ["filled_ledger"]


@contextmanager
def filled_ledger(batches: int, licences: int) -> Iterator[World]:
    """A local chain with `batches` × 100 datasets, an offer for each, and so many licences from application to payout.

    Enough empty blocks follow that all of it counts as settled.
    """
    with Anvil() as anvil, World.deploy(anvil.url) as world:
        for _ in range(batches):
            _fill(world)
        for _ in range(licences):
            world.settled()
        world.chain.request("anvil_mine", hex(2 * REORG_BOUND))
        yield world


def _fill(world: World) -> None:
    registrations = [world.registration() for _ in range(MAX_BATCH)]
    outcome = world.act(world.hospital, datasets.register(registrations))
    ids = [event.arguments["dataset"] for event in outcome.events if event.name == "DatasetRegistered"]
    publications = [Publication(dataset=DatasetId(dataset), terms=world.terms()) for dataset in ids]
    world.act(world.hospital, offers.publish(publications))
