"""Contents and trees with the CIDs that Kubo 0.42 gives them (tests/integration/test_kubo.py asks it again)."""

from __future__ import annotations

import hashlib
from pathlib import Path

CHUNK = 262_144

FILES = {
    0: "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
    1: "bafkreib22tseuqyg7nrlfxykw4djyz5zud4mr37z6hf2rz7ykemz35zaze",
    CHUNK: "bafkreick7o3dbqg7xw4kinz5sblsre72nxk2r7kzahczua3uyy7osahdfi",
    CHUNK + 1: "bafybeiecvd6mdvvvrqjdu3fyhph2wvdjxahdol6jdbahzztwkmgkp2dvbq",
    174 * CHUNK: "bafybeiasrimejtfu3d5fassuanrvcpllmsxsmbj2qwpqj76g26xi6ee2iq",
    174 * CHUNK + 1: "bafybeifnvuor2wpwfqsczbrodtoipcujsqiimeqwahykqiazhgvqphexre",
    50 * 2**20: "bafybeicaxin6xlm64ve27tvgkhmsj3imfs3a43m7426wk2is5zrwt2xhbq",
}
"""CID of ``content(size)`` by size: around one chunk, around one full node, and the 50 MiB of the issue."""

TREES = {
    "empty": "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354",
    "nested": "bafybeiecue7xi4evj37weprum7eera6bkcpjgm2stkqs3orufuh4ifjvkm",
    "at the threshold": "bafybeidaqlyn4ocebuanov5hckn5yqnh72xikf3zcsvvp3m5svn5ddodru",
    "above the threshold": "bafybeielfoamzjyflqneubti73zcn25fhymufkx3oguntdfcyljdns2jci",
    "deep shards": "bafybeier6vxgwiyzfq25e3bx2sg2kilonjkvkykjjsgx2bum7q2luecyqq",
}
"""CID by the name that :func:`make_tree` knows."""


def content(size: int) -> bytes:
    """Bytes without repetition, the same each time."""
    return hashlib.shake_128(b"ledger").digest(size)


def make_tree(kind: str, root: Path) -> Path:
    """Make one of the directories of :data:`TREES` at `root`."""
    root.mkdir()
    if kind == "nested":
        for path in ("a/b/c", "a/empty", "z"):
            (root / path).mkdir(parents=True)
        files = {
            ".hidden": 0,
            "a.x": 3,
            "a/b.x": 3,
            'a/b/c/name with ü, "quotes", 100 % and \\': 5,
            "a/b/c/line\nbreak": 6,
            "z/two chunks": CHUNK + 1,
            "Z": 7,
        }
        for path, size in files.items():
            (root / path).write_bytes(content(size))
    elif kind != "empty":
        # 64 bytes of name and 36 of CID for each entry: 2,621 entries are 262,100 bytes, 44 short of the threshold.
        names = [f"{number:064d}" for number in range(2621)]
        names += {"at the threshold": ["x" * 8], "above the threshold": ["x" * 9], "deep shards": []}[kind]
        if kind == "deep shards":
            names = [f"{number}" for number in range(10_000)]
        for name in names:
            (root / name).touch()
    return root
