"""Directory trees, walked once: every file first, every directory when all that it names is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ledger.model.cid import Cid
from ledger.storage.directory import DirectoryEntry, build_directory
from ledger.storage.source import SourceFile, SourceTree, TreeEntry, changed, open_file
from ledger.storage.store import Progress
from ledger.storage.unixfs import CidBuilder, Dag, Readable

__all__ = ["READ_SIZE", "DirectoryAssembler", "Meter", "build_tree", "cid_of_path", "open_entry", "source_parts"]

READ_SIZE = 2**20
"""Bytes read from a file at a time."""


class Meter:
    """Adds up the bytes worked off and tells a progress callback.

    Args:
        progress: What to call; None for nobody.
        total: Bytes in all, 0 when unknown.
        path: What is worked on first.
    """

    def __init__(self, progress: Progress | None, total: int, path: str = "") -> None:
        self.path = path
        self._progress, self._total, self._done = progress, total, 0

    @classmethod
    def of_tree(cls, progress: Progress | None, tree: SourceTree) -> Meter:
        """For all files of a tree, which is walked once for its size if anybody wants to know."""
        files = (entry.identity.size for entry in tree.entries() if not entry.is_directory)
        return cls(progress, sum(files) if progress else 0)

    def step(self, count: int) -> None:
        """Note that so many more bytes are done."""
        self._done += count
        if self._progress:
            self._progress(self._done, self._total, self.path)


class DirectoryAssembler:
    """Collects the entries of nested directories in the order in which a tree is walked.

    Args:
        add_directory: Called with the entries of each directory, children before their parents.
    """

    def __init__(self, add_directory: Callable[[list[DirectoryEntry]], Dag]) -> None:
        self._add_directory = add_directory
        self._open: list[tuple[str, list[DirectoryEntry]]] = [("", [])]

    def visit(self, entry: TreeEntry) -> None:
        """Say that the walk has come to this entry."""
        self._close_until(entry.path.rpartition("/")[0])
        if entry.is_directory:
            self._open.append((entry.path, []))

    def add(self, entry: TreeEntry, dag: Dag) -> None:
        """Say what the file visited last is."""
        self._open[-1][1].append(DirectoryEntry(entry.path.rpartition("/")[2], dag))

    def finish(self) -> Dag:
        """The root directory, when the walk is over."""
        self._close_until("")
        return self._add_directory(self._open[0][1])

    def _close_until(self, parent: str) -> None:
        while self._open[-1][0] != parent:
            path, entries = self._open.pop()
            self._open[-1][1].append(DirectoryEntry(path.rpartition("/")[2], self._add_directory(entries)))


def cid_of_path(path: Path, *, progress: Progress | None = None) -> Cid:
    """The CID of a file or directory tree, hidden files included, without storing anything.

    Raises:
        PathError: Something in it cannot be read, or is neither a directory nor a regular file.
        ChangedWhileReadingError: A file changed meanwhile.
        DocumentError: A directory holds names that collide so often that it cannot be stored.
    """

    def hash_file(file: SourceFile, meter: Meter) -> Dag:
        builder = CidBuilder()
        for part in file.blocks(READ_SIZE):
            builder.update(part)
            meter.step(len(part))
        return builder.finish()

    with SourceTree(path) as tree:
        return build_tree(tree, hash_file, build_directory, progress).cid


def build_tree(
    tree: SourceTree,
    add_file: Callable[[SourceFile, Meter], Dag],
    add_directory: Callable[[list[DirectoryEntry]], Dag],
    progress: Progress | None = None,
) -> Dag:
    """Work off a tree, children before their directories.

    Raises:
        PathError, ChangedWhileReadingError: As :func:`cid_of_path`.
        Whatever `add_file` and `add_directory` raise.
    """
    meter = Meter.of_tree(progress, tree)
    assembler = DirectoryAssembler(add_directory)
    for entry in tree.entries():
        assembler.visit(entry)
        if entry.is_directory:
            continue
        meter.path = entry.path
        with open_entry(tree, entry) as file:
            dag = add_file(file, meter)
        if tree.is_file:
            return dag
        assembler.add(entry, dag)
    return assembler.finish()


def source_parts(
    source: Path | BinaryIO, progress: Progress | None, stack: ExitStack
) -> tuple[Iterator[Readable], Meter]:
    """The parts of one file or stream, and the meter for them. `stack` closes what is opened.

    Raises:
        PathError: The file cannot be read or is not a regular file.
        ChangedWhileReadingError: From the parts: it changed meanwhile.
    """
    if isinstance(source, Path):
        file = stack.enter_context(open_file(source))
        return file.blocks(READ_SIZE), Meter(progress, file.size, str(source))
    return iter(partial(source.read, READ_SIZE), b""), Meter(progress, 0)


def open_entry(tree: SourceTree, entry: TreeEntry) -> SourceFile:
    """Open a file that the walk has found.

    Raises:
        ChangedWhileReadingError: It is no longer the one that was found.
        PathError: It cannot be read.
    """
    file = tree.open(entry.path)
    if file.identity != entry.identity:
        file.close()
        raise changed(entry.path)
    return file
