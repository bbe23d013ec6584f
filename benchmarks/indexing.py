"""Events indexed in a second, beside merely asking for them and decoding them.

python -m benchmarks.indexing
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

from benchmarks.figure import Figure, Row, alternate, seconds
from benchmarks.filled_ledger import filled_ledger
from benchmarks.report import print_figure
from benchmarks.scratch import medium, scratch
from ledger.chain.artifacts import artifact
from ledger.chain.events import LEDGER_CONTRACTS, fetch_events
from ledger.index import Index, Indexer
from tests.support.world import World

__all__ = ["measure"]

BATCHES, LICENCES, ROUNDS = 10, 20, 3
ROOM = 512 * 2**20

METHOD = """\
One anvil node with {datasets:,} datasets, as many offers and {licences} licences from application to payout: {events:,}
events in {blocks:,} blocks. *Index* is `Indexer.sync` into an empty SQLite database on {medium}: headers, block hashes,
reorganisation checks, decoding, folding into tables, and one durable transaction a batch. The references ask the same
node for the same blocks with `eth_getLogs` and decode every event, and keep nothing: once with this package's decoder,
once with web3's. Median of {rounds} rounds, one after the other."""


def measure(batches: int = BATCHES, licences: int = LICENCES, rounds: int = ROUNDS) -> Figure:
    """Measure on a fresh chain."""
    with filled_ledger(batches, licences) as world, scratch(ROOM) as directory:
        databases = count()
        last = world.chain.head().number
        events = len(fetch_events(world.chain, 0, last))
        taken = alternate(
            {
                "index": lambda: seconds(lambda: _index(world, directory / f"{next(databases)}.db", events)),
                "decode": lambda: seconds(lambda: fetch_events(world.chain, 0, last)),
                "web3": lambda: seconds(lambda: _decode_with_web3(world, last, events)),
            },
            rounds,
        )
        index, decode, web3 = (events / taken[name] for name in ("index", "decode", "web3"))
        return Figure(
            title="Index, against reading the events",
            ours="index",
            reference="read and decode",
            rows=(
                Row("eth_getLogs and this package's decoder", index, decode, "events/s"),
                Row("eth_getLogs and web3's decoder", index, web3, "events/s"),
            ),
            method=METHOD.format(
                datasets=batches * 100,
                licences=licences,
                events=events,
                blocks=last + 1,
                medium=medium(directory),
                rounds=rounds,
            ),
        )


def _index(world: World, database: Path, expected: int) -> None:
    with Index(f"sqlite:///{database}") as index:
        found = Indexer(index, world.chain).sync().events
    if found != expected:
        raise ValueError(f"{found} events were indexed, {expected} are there")


def _decode_with_web3(world: World, last: int, expected: int) -> None:
    """As a plain script does it: every log of the contracts, each through its event of the ABI."""
    w3 = world.chain.w3
    contracts = {w3.to_checksum_address(world.deployment.address(n)): world.chain.contract(n) for n in LEDGER_CONTRACTS}
    events = {
        (address, topic): getattr(contract.events, entry.name)()
        for name, (address, contract) in zip(LEDGER_CONTRACTS, contracts.items(), strict=True)
        for topic, entry in artifact(name).events.items()
    }
    logs = w3.eth.get_logs({"fromBlock": 0, "toBlock": last, "address": list(contracts)})
    decoded = [events[log["address"], bytes(log["topics"][0])].process_log(log) for log in logs]
    if len(decoded) != expected:
        raise ValueError(f"{len(decoded)} events were decoded, {expected} are there")


if __name__ == "__main__":
    print_figure(measure())
