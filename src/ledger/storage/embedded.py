"""The store on a directory: no daemon, same CIDs, nothing kept twice.

A file is kept whole beside its inner nodes (about 0.02 % more), not as separate blocks, so that a sealed body is taken
over by giving it a second name. Reading hashes each leaf of at most 256 KiB against the tree before it is given out.
What is acknowledged is on the disk: contents first, names after them, pins last. Adding what is here already checks
it and replaces it when it is damaged.

Any number of processes may use the directory at once; garbage collection waits for those who are adding. The blocks
inside a file have no name of their own here: only files and directories that were added can be asked for.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Concatenate, ParamSpec, Self, TypeVar

from ledger.errors import LedgerError
from ledger.model.cid import Cid, Codec
from ledger.storage.directory import DirectoryEntry, DirectoryReader, build_directory, directory_links
from ledger.storage.nodes import NodeWriter, not_stored
from ledger.storage.objects import ObjectDirectory, StoredObject, store_errors, sync_directory
from ledger.storage.source import SourceFile, SourceTree, open_file
from ledger.storage.store import Progress, collect_bytes, read_back
from ledger.storage.tree import READ_SIZE, Meter, build_tree, source_parts
from ledger.storage.unixfs import CHUNK_SIZE, CidBuilder, Dag, Readable, cid_of_bytes
from ledger.storage.verified import file_parts, file_size, not_content

__all__ = ["EmbeddedStore"]

P = ParamSpec("P")
R = TypeVar("R")


def _guarded(
    method: Callable[Concatenate[EmbeddedStore, P], R],
) -> Callable[Concatenate[EmbeddedStore, P], R]:
    """Let no bare system error out of a public method."""

    @functools.wraps(method)
    def guarded(self: EmbeddedStore, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with store_errors(self.directory):
            return method(self, *args, **kwargs)

    return guarded


class EmbeddedStore:
    """A :class:`~ledger.storage.store.Store` on a directory, which is made when it is missing.

    Args:
        directory: Best on the file system where bodies are sealed, so that they need not be copied.

    Raises:
        StoreUnavailableError: The directory cannot be used, or holds something else.
    """

    def __init__(self, directory: Path) -> None:
        self._objects = ObjectDirectory(directory)
        self.directory = self._objects.root
        with store_errors(self.directory), self._objects.exclusive(wait=False) as alone:
            if alone:
                self._objects.sweep()

    @_guarded
    def add(self, source: Path | BinaryIO, *, pin: bool = True, progress: Progress | None = None) -> Cid:
        """See :meth:`ledger.storage.store.Store.add`."""
        with contextlib.ExitStack() as stack:
            parts, meter = source_parts(source, progress, stack)
            drafts = stack.enter_context(self._objects.drafts())
            dag = self._write(parts, drafts, meter)
            with self._objects.shared():
                self._keep(dag.cid, drafts / "body", drafts / "nodes", drafts)
                self._acknowledge(dag.cid, pin=pin)
        return dag.cid

    @_guarded
    def adopt(self, body: Path, nodes: Path | None, dag: Dag, *, pin: bool = True) -> Cid:
        """See :meth:`ledger.storage.store.Store.adopt`.

        The body's leaves are not hashed again here; :func:`~ledger.storage.store.read_back` does it. Interrupted, it
        can be repeated, also when one of the files has been moved already.
        """
        body = _where(body, self._objects.body(dag.cid))
        nodes = None if nodes is None else _where(nodes, self._objects.nodes(dag.cid))
        self._check_claim(body, nodes, dag)
        with self._objects.drafts() as drafts, self._objects.shared():
            self._keep(dag.cid, body, nodes, drafts)
            self._acknowledge(dag.cid, pin=pin)
        return dag.cid

    @_guarded
    def add_directory(self, source: Path, *, progress: Progress | None = None) -> Cid:
        """See :meth:`ledger.storage.store.Store.add_directory`."""
        with SourceTree(source) as tree, self._objects.drafts() as drafts, self._objects.shared():

            def add_file(file: SourceFile, meter: Meter) -> Dag:
                dag = self._write(file.blocks(READ_SIZE), drafts, meter)
                self._keep(dag.cid, drafts / "body", drafts / "nodes", drafts)
                return dag

            def add_directory(entries: list[DirectoryEntry]) -> Dag:
                with NodeWriter(drafts / "nodes") as sink:
                    dag = build_directory(entries, sink)
                self._keep(dag.cid, None, drafts / "nodes", drafts)
                return dag

            dag = build_tree(tree, add_file, add_directory, progress)
            self._acknowledge(dag.cid, pin=True)
            return dag.cid

    def put_bytes(self, data: bytes, *, pin: bool = True) -> Cid:
        """See :meth:`ledger.storage.store.Store.put_bytes`."""
        return self.add(io.BytesIO(data), pin=pin)

    def open(self, cid: Cid) -> Iterator[bytes]:
        """See :meth:`ledger.storage.store.Store.open`."""
        with store_errors(self.directory), self._objects.open(cid) as blocks:
            yield from file_parts(cid, blocks)

    def get_bytes(self, cid: Cid, *, limit: int) -> bytes:
        """See :meth:`ledger.storage.store.Store.get_bytes`."""
        return collect_bytes(self.open(cid), cid, limit)

    @_guarded
    def entries(self, cid: Cid) -> tuple[DirectoryEntry, ...]:
        """See :meth:`ledger.storage.store.Store.entries`."""
        return DirectoryReader(self._objects.open).entries(cid)

    @_guarded
    def has(self, cid: Cid) -> bool:
        """See :meth:`ledger.storage.store.Store.has`."""
        return self._objects.has(cid)

    @_guarded
    def size(self, cid: Cid) -> int:
        """See :meth:`ledger.storage.store.Store.size`."""
        with self._objects.open(cid) as blocks:
            return file_size(cid, blocks)

    @_guarded
    def pin(self, cid: Cid) -> None:
        """See :meth:`ledger.storage.store.Store.pin`."""
        with self._objects.shared():
            for part in self._reachable([cid]):
                self._objects.touch(part)
            self._acknowledge(cid, pin=True)

    @_guarded
    def unpin(self, cid: Cid) -> None:
        """See :meth:`ledger.storage.store.Store.unpin`."""
        with self._objects.shared():
            self._objects.unpin(cid)

    @_guarded
    def pins(self) -> frozenset[Cid]:
        """See :meth:`ledger.storage.store.Store.pins`."""
        return self._objects.pins()

    @_guarded
    def collect_garbage(self) -> int:
        """See :meth:`ledger.storage.store.Store.collect_garbage`.

        Raises:
            NotStoredError, CidMismatchError: Something pinned is damaged, so that what it keeps cannot be told.
                Nothing was deleted.
        """
        with self._objects.exclusive():
            self._objects.sweep()
            doomed = self._objects.cids() - self._reachable(self._objects.pins())
            for cid in doomed:
                self._objects.delete(cid)
            for directory in {self._objects.body(cid).parent for cid in doomed}:
                sync_directory(directory)
        return len(doomed)

    def close(self) -> None:
        """Release the lock. Twice is once."""
        self._objects.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, parts: Iterator[Readable], drafts: Path, meter: Meter) -> Dag:
        with (drafts / "body").open("xb") as out, NodeWriter(drafts / "nodes") as sink:
            builder = CidBuilder(sink)
            for part in parts:
                builder.update(part)
                out.write(part)
                meter.step(len(part))
            return builder.finish()

    def _keep(self, cid: Cid, body: Path | None, nodes: Path | None, drafts: Path) -> None:
        """Move the files into the store, or remove them if they are there already, undamaged."""
        known = self._objects.has(cid) and self._is_whole(cid)
        targets = ((body, self._objects.body(cid)), (nodes, self._objects.nodes(cid)))
        for source, target in targets:
            if source is None or source == target:
                continue
            if known or (cid.codec is Codec.RAW and source is nodes):
                source.unlink(missing_ok=True)
            else:
                self._objects.place(source, target, drafts)
        self._objects.touch(cid)

    def _acknowledge(self, cid: Cid, *, pin: bool) -> None:
        self._objects.settle()
        if pin:
            self._objects.pin(cid)

    def _is_whole(self, cid: Cid) -> bool:
        try:
            with self._objects.open(cid) as blocks:
                if directory_links(cid, blocks) is None:
                    read_back(self, cid)
        except LedgerError:
            return False
        return True

    def _check_claim(self, body: Path, nodes: Path | None, dag: Dag) -> None:
        with open_file(body) as file:
            size = file.size
            true = size == dag.size
            if true and dag.cid.codec is Codec.RAW:
                true = size <= CHUNK_SIZE and cid_of_bytes(b"".join(file.blocks(CHUNK_SIZE))) == dag.cid
        if true and dag.cid.codec is Codec.DAG_PB:
            with StoredObject(dag.cid, body, nodes or Path(os.devnull)) as blocks:
                true = file_size(dag.cid, blocks) == size
        if not true:
            raise not_content(dag, size)

    def _reachable(self, roots: Iterable[Cid]) -> frozenset[Cid]:
        found: set[Cid] = set()
        waiting = list(roots)
        while waiting:
            cid = waiting.pop()
            if cid in found:
                continue
            if not self._objects.has(cid):
                raise not_stored(cid)
            found.add(cid)
            if cid.codec is Codec.DAG_PB:
                with self._objects.open(cid) as blocks:
                    waiting += (link.cid for link in directory_links(cid, blocks) or ())
        return frozenset(found)


def _where(source: Path, target: Path) -> Path:
    """Where the file is, when an interrupted call may have moved it."""
    return target if not source.exists() and target.exists() else source
