"""Directory trees, walked once: every file first, every directory when all that it names is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ledger.model.cid import Cid
from ledger.storage.directory import DirectoryEntry, build_directory
from ledger.storage.source import SourceFile, SourceTree, changed
from ledger.storage.store import Progress
from ledger.storage.unixfs import CidBuilder, Dag

__all__ = ["READ_SIZE", "Step", "build_tree", "cid_of_path"]

READ_SIZE = 2**20
"""Bytes read from a file at a time."""

Step = Callable[[int], None]
"""Called with the number of bytes that were just worked off."""


def cid_of_path(path: Path, *, progress: Progress | None = None) -> Cid:
    """The CID of a file or directory tree, hidden files included, without storing anything.

    Raises:
        PathError: Something in it cannot be read, or is neither a directory nor a regular file.
        ChangedWhileReadingError: A file changed meanwhile.
        DocumentError: A directory holds names that collide so often that it cannot be stored.
    """

    def hash_file(file: SourceFile, step: Step) -> Dag:
        builder = CidBuilder()
        for part in file.blocks(READ_SIZE):
            builder.update(part)
            step(len(part))
        return builder.finish()

    with SourceTree(path) as tree:
        return build_tree(tree, hash_file, build_directory, progress).cid


def build_tree(
    tree: SourceTree,
    add_file: Callable[[SourceFile, Step], Dag],
    add_directory: Callable[[list[DirectoryEntry]], Dag],
    progress: Progress | None = None,
) -> Dag:
    """Work off a tree, children before their directories.

    Raises:
        PathError, ChangedWhileReadingError: As :func:`cid_of_path`.
        Whatever `add_file` and `add_directory` raise.
    """
    total = sum(entry.identity.size for entry in tree.entries() if not entry.is_directory) if progress else 0
    done = 0
    open_directories: list[tuple[str, list[DirectoryEntry]]] = [("", [])]

    def close_until(parent: str) -> None:
        while open_directories[-1][0] != parent:
            path, entries = open_directories.pop()
            open_directories[-1][1].append(DirectoryEntry(path.rpartition("/")[2], add_directory(entries)))

    for entry in tree.entries():
        parent, _, name = entry.path.rpartition("/")
        close_until(parent)
        if entry.is_directory:
            open_directories.append((entry.path, []))
            continue

        def step(count: int, path: str = entry.path) -> None:
            nonlocal done
            done += count
            if progress:
                progress(done, total, path)

        with tree.open(entry.path) as file:
            if file.identity != entry.identity:
                raise changed(entry.path)
            dag = add_file(file, step)
        if tree.is_file:
            return dag
        open_directories[-1][1].append(DirectoryEntry(name, dag))
    close_until("")
    return add_directory(open_directories[0][1])
