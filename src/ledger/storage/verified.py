"""Reading a DAG from a source that is not believed.

Every block is hashed before anything in it is used, and a file's shape follows from its length alone: with 256 KiB
leaves and 174 links to a node there is exactly one tree for each length, and no other is accepted. So a hostile tree
can neither be deeper, wider nor longer than the file it claims to be, and one content has one CID.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Protocol

from ledger.errors import CidMismatchError, IntegrityError
from ledger.model.cid import Cid, Codec
from ledger.storage.dagpb import Link, Node, UnixFs, UnixFsType, decode_node
from ledger.storage.unixfs import CHUNK_SIZE, Dag, child_sizes, tree_height

__all__ = ["Blocks", "directory_node", "file_parts", "file_size", "not_content", "refused", "verified"]


class Blocks(Protocol):
    """Where the bytes come from. Nothing it returns needs to be true."""

    def node(self, cid: Cid) -> bytes:
        """The block of an inner node.

        Raises:
            NotStoredError, CidMismatchError: It is not there.
        """
        ...

    def leaf(self, cid: Cid, offset: int, size: int) -> bytes:
        """The leaf at this offset of the file, of at most `size` bytes. Asked for in order of offset.

        Raises:
            NotStoredError, CidMismatchError: It is not there.
        """
        ...


def verified(cid: Cid, block: bytes) -> bytes:
    """The block, if it is the one that the CID names.

    Raises:
        CidMismatchError: It is not.
    """
    if hashlib.sha256(block).digest() != cid.digest:
        raise CidMismatchError(
            f"The stored copy of {cid} is damaged",
            why=f"its {len(block)} bytes hash to another CID",
            fix="add the content again, or read it from another store",
        )
    return block


def file_parts(root: Cid, blocks: Blocks) -> Iterator[bytes]:
    """The content of a file in leaves of at most 256 KiB, each verified before it is given out.

    Raises:
        CidMismatchError: A block is not what its CID says.
        IntegrityError: The blocks are true but are no file as it is stored here.
        NotStoredError: A block is not there.
    """
    if root.codec is Codec.RAW:
        yield verified(root, blocks.leaf(root, 0, CHUNK_SIZE))
        return
    block, node = _load(root, blocks)
    size = node.unixfs.file_size
    yield from _FileReader(blocks).parts(Link(root, "", _dag_size(block, node)), block, size, tree_height(size))


def file_size(root: Cid, blocks: Blocks) -> int:
    """Bytes of the content of a file, from its verified root.

    Raises:
        As :func:`file_parts`.
    """
    if root.codec is Codec.RAW:
        return len(verified(root, blocks.leaf(root, 0, CHUNK_SIZE)))
    _, node = _load(root, blocks)
    size = node.unixfs.file_size
    _check_shape(root, node, size, tree_height(size))
    return size


def directory_node(root: Cid, blocks: Blocks) -> Node | None:
    """The root of a directory, or None when the CID is that of a file.

    Raises:
        CidMismatchError, IntegrityError, NotStoredError: As :func:`file_parts`.
    """
    if root.codec is Codec.RAW:
        return None
    _, node = _load(root, blocks)
    return None if node.unixfs.kind is UnixFsType.FILE else node


def _load(cid: Cid, blocks: Blocks) -> tuple[bytes, Node]:
    block = verified(cid, blocks.node(cid))
    return block, decode_node(block)


class _FileReader:
    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._offset = 0

    def parts(self, link: Link, block: bytes, size: int, height: int) -> Iterator[bytes]:
        node = decode_node(block)
        _check_shape(link.cid, node, size, height)
        if _dag_size(block, node) != link.size:
            raise refused(link.cid, "a link misstates the size of what it points to")
        for child, part_size in zip(node.links, node.unixfs.block_sizes, strict=True):
            if height == 1:
                yield self._leaf(child, part_size)
            else:
                inner = verified(child.cid, self._blocks.node(child.cid))
                yield from self.parts(child, inner, part_size, height - 1)

    def _leaf(self, link: Link, size: int) -> bytes:
        data = verified(link.cid, self._blocks.leaf(link.cid, self._offset, size))
        if not len(data) == size == link.size:
            raise refused(link.cid, "a leaf has another length than its parent says")
        self._offset += size
        return data


def _check_shape(cid: Cid, node: Node, size: int, height: int) -> None:
    if node.unixfs.kind is not UnixFsType.FILE:
        raise IntegrityError(f"{cid} is a directory", why="it holds names, not bytes", fix="ask for one of its entries")
    if height == 0:
        raise refused(cid, "a file of one chunk is a single raw leaf")
    if node.unixfs != UnixFs(UnixFsType.FILE, size, child_sizes(size, height)):
        raise refused(cid, "its parts are not cut as 'ipfs add' cuts them")
    codec = Codec.RAW if height == 1 else Codec.DAG_PB
    if len(node.links) != len(node.unixfs.block_sizes) or any(x.cid.codec is not codec or x.name for x in node.links):
        raise refused(cid, "its links are not those of a file")


def _dag_size(block: bytes, node: Node) -> int:
    return len(block) + sum(link.size for link in node.links)


def not_content(dag: Dag, size: int) -> CidMismatchError:
    """The error for a file that is handed over as something that it is not."""
    return CidMismatchError(
        f"A file of {size} bytes is not the content of {dag.cid}",
        why=f"that has {dag.size} bytes" if size != dag.size else "its bytes hash to another CID",
        fix="write the file again, and do not touch it before it is stored",
    )


def refused(cid: Cid, why: str) -> IntegrityError:
    """The error for true blocks that are not what this project stores."""
    return IntegrityError(
        f"{cid} is not a file or directory as it is stored here",
        why=why,
        fix="add it again with 'ipfs add --cid-version=1 --raw-leaves' and use the CID that this gives",
    )
