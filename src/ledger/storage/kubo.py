"""The store that a Kubo daemon keeps.

The CID is computed here while the bytes are sent, and compared with what the daemon says. Nothing that it gives back is
believed either: inner nodes are fetched as blocks and hashed, and a file's bytes are cut into its leaves and hashed
before they are given out. The daemon is always asked to answer from its own repository, never from the network.

Settings that the daemon needs before anything is stored (tried with Kubo 0.42; ``tests/support/kubo.py`` makes them):

- ``Datastore.Spec``: ``"sync": true`` in every flatfs mount. The default is ``false``, and then what is acknowledged
  may be lost, or become an empty block, when the power fails.
- ``Datastore.HashOnRead``: ``true``, so that a damaged block is an error of the daemon's too. The default is ``false``.
- No ``--enable-gc``: garbage is collected when :meth:`KuboStore.collect_garbage` asks.
- ``Addresses.API``: loopback only, and ``API.Authorizations`` with the paths below for each user: the RPC gives full
  control. ``Addresses.Gateway``: loopback or none.
- ``Import.*``: as it comes. The options that matter are sent along, except the size at which directories are sharded.
- A private swarm (``swarm.key``, ``Bootstrap: []``, ``Routing.Type: none``), or ``ipfs daemon --offline``.

Paths used: ``/api/v0/`` ``version``, ``add``, ``block/get``, ``block/stat``, ``cat``, ``pin/add``, ``pin/rm``,
``pin/ls``, ``repo/gc``.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO, Self

from ipfshttpclient import multipart

from ledger.errors import CidMismatchError, StoreUnavailableError
from ledger.model.cid import Cid, Codec
from ledger.storage.directory import DirectoryEntry, DirectoryReader, build_directory
from ledger.storage.rpc import KuboRpc
from ledger.storage.source import SourceTree
from ledger.storage.store import Progress, collect_bytes
from ledger.storage.tree import READ_SIZE, DirectoryAssembler, Meter, open_entry, source_parts
from ledger.storage.unixfs import CidBuilder, Dag, Readable
from ledger.storage.verified import file_parts, file_size, not_content

__all__ = ["KuboStore"]


class KuboStore:
    """A :class:`~ledger.storage.store.Store` over Kubo's RPC.

    Args:
        url: ``http://127.0.0.1:5001``, ``https://host/prefix``, or a multiaddress.
        authorization: A file of mode 0600 with the value of the ``Authorization`` header, if the RPC asks for one.
        timeout: Seconds to wait between two pieces of an answer; garbage collection may take an hour to begin one.

    Raises:
        UsageError: The address or the file cannot be used.
        StoreUnavailableError: No daemon answers there.
    """

    def __init__(self, url: str, *, authorization: Path | None = None, timeout: float = 120.0) -> None:
        self._rpc = KuboRpc(url, authorization, timeout)

    def add(self, source: Path | BinaryIO, *, pin: bool = True, progress: Progress | None = None) -> Cid:
        """See :meth:`ledger.storage.store.Store.add`."""
        with contextlib.ExitStack() as stack:
            parts, meter = source_parts(source, progress, stack)
            return self._add(_FileUpload(parts, meter), pin=pin)

    def adopt(self, body: Path, nodes: Path | None, dag: Dag, *, pin: bool = True) -> Cid:
        """See :meth:`ledger.storage.store.Store.adopt`.

        The daemon cuts the body itself, so it is uploaded whole; interrupted, it can be repeated.
        """
        with contextlib.ExitStack() as stack:
            parts, meter = source_parts(body, None, stack)
            self._add(_FileUpload(parts, meter, expected=dag), pin=pin)
        body.unlink()
        if nodes is not None:
            nodes.unlink(missing_ok=True)
        return dag.cid

    def add_directory(self, source: Path, *, progress: Progress | None = None) -> Cid:
        """See :meth:`ledger.storage.store.Store.add_directory`."""
        with SourceTree(source) as tree:
            if tree.is_file:
                return self.add(source, progress=progress)
            return self._add(_TreeUpload(tree, Meter.of_tree(progress, tree)), pin=True, directories_only=True)

    def put_bytes(self, data: bytes, *, pin: bool = True) -> Cid:
        """See :meth:`ledger.storage.store.Store.put_bytes`."""
        return self.add(io.BytesIO(data), pin=pin)

    def open(self, cid: Cid) -> Iterator[bytes]:
        """See :meth:`ledger.storage.store.Store.open`."""
        with _DaemonBlocks(self._rpc, cid) as blocks:
            yield from file_parts(cid, blocks)

    def get_bytes(self, cid: Cid, *, limit: int) -> bytes:
        """See :meth:`ledger.storage.store.Store.get_bytes`."""
        return collect_bytes(self.open(cid), cid, limit)

    def entries(self, cid: Cid) -> tuple[DirectoryEntry, ...]:
        """See :meth:`ledger.storage.store.Store.entries`."""
        return DirectoryReader(lambda of: _DaemonBlocks(self._rpc, of)).entries(cid)

    def has(self, cid: Cid) -> bool:
        """See :meth:`ledger.storage.store.Store.has`."""
        return self._rpc.has(cid)

    def size(self, cid: Cid) -> int:
        """See :meth:`ledger.storage.store.Store.size`."""
        with _DaemonBlocks(self._rpc, cid) as blocks:
            return file_size(cid, blocks)

    def pin(self, cid: Cid) -> None:
        """See :meth:`ledger.storage.store.Store.pin`."""
        self._rpc.pin(cid)

    def unpin(self, cid: Cid) -> None:
        """See :meth:`ledger.storage.store.Store.unpin`."""
        self._rpc.unpin(cid)

    def pins(self) -> frozenset[Cid]:
        """See :meth:`ledger.storage.store.Store.pins`. Pins of the daemon that no CID here could name are left out."""
        return self._rpc.pins()

    def collect_garbage(self) -> int:
        """See :meth:`ledger.storage.store.Store.collect_garbage`. The objects counted are blocks."""
        return self._rpc.collect_garbage()

    def close(self) -> None:
        """Close the connections. Twice is once."""
        self._rpc.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add(self, upload: _FileUpload | _TreeUpload, *, pin: bool, directories_only: bool = False) -> Cid:
        answer = self._rpc.add(upload, pin=pin, directories_only=directories_only)
        said = str(answer[-1].get("Hash")) if answer else "nothing"
        if said != str(upload.dag.cid):
            raise CidMismatchError(
                f"The store did not take {upload.dag.cid}",
                why=f"that is what the bytes sent hash to, and the daemon at {self._rpc.url} calls them {said[:100]!r}",
                fix="check the daemon's Import settings; nothing was acknowledged, so run this again",
            )
        return upload.dag.cid


class _FileUpload(multipart.StreamBase, multipart.StreamFileMixin):  # type: ignore[misc] # untyped library
    """One file as a multipart message, hashed while it is sent; never finished if it is not what was expected."""

    def __init__(self, parts: Iterator[Readable], meter: Meter, expected: Dag | None = None) -> None:
        super().__init__("content", chunk_size=READ_SIZE)
        self._parts, self._meter, self._expected = parts, meter, expected
        self.dag: Dag

    def _body(self) -> Iterator[Readable]:
        yield from self._gen_file_start("content", content_type="application/octet-stream")
        builder = CidBuilder()
        for part in self._parts:
            builder.update(part)
            yield part
            self._meter.step(len(part))
        self.dag = builder.finish()
        if self._expected is not None and self.dag != self._expected:
            raise not_content(self._expected, self.dag.size)
        yield from self._gen_file_end()
        yield from self._gen_end()


class _TreeUpload(multipart.StreamBase, multipart.StreamFileMixin):  # type: ignore[misc] # untyped library
    """A directory tree as a multipart message, hashed while it is sent."""

    def __init__(self, tree: SourceTree, meter: Meter) -> None:
        super().__init__("content", chunk_size=READ_SIZE)
        self._tree, self._meter = tree, meter
        self.dag: Dag

    def _body(self) -> Iterator[Readable]:
        assembler = DirectoryAssembler(build_directory)
        yield from self._directory("content")
        for entry in self._tree.entries():
            assembler.visit(entry)
            if entry.is_directory:
                yield from self._directory(f"content/{entry.path}")
                continue
            self._meter.path = entry.path
            builder = CidBuilder()
            yield from self._gen_file_start(f"content/{entry.path}", content_type="application/octet-stream")
            with open_entry(self._tree, entry) as file:
                for part in file.blocks(READ_SIZE):
                    builder.update(part)
                    yield part
                    self._meter.step(len(part))
            yield from self._gen_file_end()
            assembler.add(entry, builder.finish())
        self.dag = assembler.finish()
        yield from self._gen_end()

    def _directory(self, path: str) -> Iterator[bytes]:
        yield from self._gen_file(path, content_type="application/x-directory")


class _DaemonBlocks:
    """The blocks of one file or directory: nodes one by one, leaves cut out of the file's bytes."""

    def __init__(self, rpc: KuboRpc, root: Cid) -> None:
        self._rpc, self._root = rpc, root
        self._bytes: Generator[bytes, None, None] | None = None
        self._ahead = bytearray()

    def node(self, cid: Cid) -> bytes:
        return self._rpc.block(cid)

    def leaf(self, cid: Cid, offset: int, size: int) -> bytes:  # noqa: ARG002 - leaves are asked for in order
        if self._root.codec is Codec.RAW:
            return self._rpc.block(cid)
        leaf = self._take(size)
        # Where the stream breaks off, the block itself tells why.
        return leaf if len(leaf) == size else self._rpc.block(cid)

    def _take(self, size: int) -> bytes:
        if self._bytes is None:
            self._bytes = self._rpc.cat(self._root)
        with contextlib.suppress(StoreUnavailableError, StopIteration):
            while len(self._ahead) < size:
                self._ahead += next(self._bytes)
        taken = bytes(self._ahead[:size])
        del self._ahead[:size]
        return taken

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bytes is not None:
            self._bytes.close()
