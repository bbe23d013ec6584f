"""The embedded store used by several processes at once, killed in the middle, and on a full disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import NoSpaceError
from ledger.storage.embedded import EmbeddedStore
from ledger.storage.nodes import NodeWriter
from ledger.storage.store import read_back
from ledger.storage.unixfs import CidBuilder, cid_of_bytes
from tests.support.storage_cases import CHUNK, content

WRITER = """
import sys
from pathlib import Path
from ledger.storage.embedded import EmbeddedStore

with EmbeddedStore(Path(sys.argv[1])) as store:
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        data = b"%d" % (number % 25) * (40_000 * (number % 11))
        cid = store.put_bytes(data)
        print(cid, flush=True)
        if number % 3 == 0:
            store.unpin(cid)
"""

COLLECTOR = """
import sys
from pathlib import Path
from ledger.storage.embedded import EmbeddedStore

with EmbeddedStore(Path(sys.argv[1])) as store:
    print("ready", flush=True)
    while not Path(sys.argv[2]).exists():
        store.collect_garbage()
"""

ENDLESS = """
import io, sys
from pathlib import Path
from ledger.storage.embedded import EmbeddedStore

class Endless(io.RawIOBase):
    def read(self, size=-1):
        print("reading", flush=True)
        return bytes(2**20)

EmbeddedStore(Path(sys.argv[1])).add(Endless())
"""


def _python(program: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_writers_and_a_collector_at_once_lose_nothing(tmp_path: Path) -> None:
    directory, stop = tmp_path / "store", tmp_path / "stop"
    collector = _python(COLLECTOR, directory, stop)
    writers = [_python(WRITER, directory, start, start + 60) for start in (0, 30)]
    outcomes = [writer.communicate(timeout=120) for writer in writers]
    stop.touch()
    assert collector.communicate(timeout=60)[1] == ""
    assert [error for _, error in outcomes] == ["", ""]
    assert [len(out.split()) for out, _ in outcomes] == [60, 60]
    with EmbeddedStore(directory) as store:
        assert store.pins()
        store.collect_garbage()
        for cid in store.pins():
            read_back(store, cid)
        assert list((directory / "tmp").iterdir()) == []


def test_a_killed_writer_leaves_nothing_behind(tmp_path: Path) -> None:
    directory = tmp_path / "store"
    writer = _python(ENDLESS, directory)
    assert writer.stdout is not None
    for _ in range(5):
        assert writer.stdout.readline() == "reading\n"
    with EmbeddedStore(directory):
        assert len(list((directory / "tmp").iterdir())) == 1, "a living writer's draft was swept"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    with EmbeddedStore(directory) as store:
        assert list((directory / "tmp").iterdir()) == []
        assert store.pins() == frozenset()


@pytest.mark.parametrize("round_", range(4))
def test_killed_at_any_moment_all_that_was_acknowledged_is_there(tmp_path: Path, round_: int) -> None:
    directory = tmp_path / "store"
    writer = _python(WRITER.replace("number % 3 == 0", "False"), directory, 0, 10_000)
    assert writer.stdout is not None
    acknowledged = [writer.stdout.readline().strip() for _ in range(3 + 7 * round_)]
    time.sleep(0.003 * round_)
    writer.send_signal(signal.SIGKILL)
    acknowledged += writer.communicate()[0].split()
    with EmbeddedStore(directory) as store:
        assert {str(cid) for cid in store.pins()} >= {cid for cid in acknowledged if len(cid) == 59}
        for cid in store.pins():
            read_back(store, cid)
        store.collect_garbage()
        for cid in store.pins():
            read_back(store, cid)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting a small tmpfs needs the right to mount")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_full_disk_leaves_the_store_as_it_was(small_disk: Path, tmp_path: Path) -> None:
    with EmbeddedStore(small_disk / "store") as store:
        kept = store.put_bytes(content(CHUNK + 1))
        free = os.statvfs(small_disk).f_bfree
        with pytest.raises(NoSpaceError, match="no space left while writing to the store"):
            store.put_bytes(content(8 * 2**20))
        body = tmp_path / "body"
        with body.open("wb") as out, NodeWriter(tmp_path / "nodes") as nodes:
            builder = CidBuilder(nodes)
            builder.update(content(8 * 2**20))
            out.write(content(8 * 2**20))
            dag = builder.finish()
        with pytest.raises(NoSpaceError):
            store.adopt(body, tmp_path / "nodes", dag)
        assert body.exists()
        assert os.statvfs(small_disk).f_bfree == free
        assert store.pins() == {kept}
        assert read_back(store, kept) == CHUNK + 1
        assert store.put_bytes(b"small") == cid_of_bytes(b"small")


def test_a_body_from_another_disk_is_adopted(small_disk: Path, tmp_path: Path) -> None:
    body = small_disk / "body"
    with body.open("wb") as out, NodeWriter(small_disk / "nodes") as nodes:
        builder = CidBuilder(nodes)
        builder.update(content(CHUNK + 1))
        out.write(content(CHUNK + 1))
        dag = builder.finish()
    with EmbeddedStore(tmp_path / "store") as store:
        assert store.adopt(body, small_disk / "nodes", dag) == dag.cid
        assert not body.exists()
        assert read_back(store, dag.cid) == CHUNK + 1
