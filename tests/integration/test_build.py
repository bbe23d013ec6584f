"""Hardhat and `scripts/compile.py` compile the same contracts to the same bytecode, metadata aside."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ledger.chain.artifacts import CONTRACTS, artifact
from scripts.compile import DEPLOYED
from tests.support.nodes import ROOT, node_binary

HARDHAT = ROOT / "node_modules" / "hardhat" / "dist" / "src" / "cli.js"


@pytest.fixture(scope="module")
def hardhat_artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Hardhat compiles with the repository's configuration, into a place of its own."""
    place = tmp_path_factory.mktemp("hardhat")
    config = ROOT / "build" / f"{place.parent.name}.config.js"  # inside the project, where Hardhat looks for packages
    config.parent.mkdir(exist_ok=True)
    config.write_text(
        'import base from "../hardhat.config.js";\n'
        f"const paths = {{ ...base.paths, artifacts: {json.dumps(str(place / 'artifacts'))}, "
        f"cache: {json.dumps(str(place / 'cache'))} }};\n"
        "const openzeppelin = ['@openzeppelin/contracts/access/manager/AccessManager.sol'];\n"
        "export default { ...base, paths, solidity: { ...base.solidity, npmFilesToBuild: openzeppelin } };\n"
    )
    try:
        command = [node_binary(), str(HARDHAT), "--config", str(config), "compile", "--quiet"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        config.unlink()
    return place / "artifacts"


def without_metadata(code: bytes) -> bytes:
    """Code without the CBOR metadata that solc puts at its end, whose length stands in the last two bytes.

    Creation code holds the runtime code, so its metadata is at its end too.
    """
    length = int.from_bytes(code[-2:], "big") + 2
    assert b"solc" in code[-length:]
    return code[:-length]


def from_hardhat(artifacts: Path, name: str) -> dict[str, Any]:
    source = DEPLOYED[name]
    found: dict[str, Any] = json.loads((artifacts / source / f"{name}.json").read_text())
    return found


@pytest.mark.parametrize("name", CONTRACTS)
def test_both_compilers_agree(hardhat_artifacts: Path, name: str) -> None:
    theirs = from_hardhat(hardhat_artifacts, name)
    ours = artifact(name)
    assert without_metadata(bytes.fromhex(theirs["bytecode"][2:])) == without_metadata(ours.bytecode)
    assert without_metadata(bytes.fromhex(theirs["deployedBytecode"][2:])) == without_metadata(ours.runtime)
    assert theirs["abi"] == list(ours.abi)


def test_metadata_is_what_is_set_aside_and_nothing_else() -> None:
    code = artifact("Offers").runtime
    stripped = without_metadata(code)
    assert 40 < len(code) - len(stripped) < 60
    assert code.startswith(stripped)
