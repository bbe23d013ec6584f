"""Compile the contracts with py-solc-x and put what Python needs of them into the package.

    python scripts/compile.py            # writes src/ledger/chain/artifacts/, unless it is up to date
    python scripts/compile.py --force

The compiler is the npm package `solc`, driven through `scripts/solc`; its version and settings stand in
`contracts/solc.json`, which Hardhat reads too. Each artifact holds a contract's ABI, its creation and runtime code, the
places of its immutables, and the NatSpec of its functions and errors.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import solcx

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "contracts"
ARTIFACTS = ROOT / "src" / "ledger" / "chain" / "artifacts"
STAMP = "sources.sha256"

DEPLOYED = {
    "AccessManager": "@openzeppelin/contracts/access/manager/AccessManager.sol",
    "Members": "contracts/members/Members.sol",
    "Datasets": "contracts/datasets/Datasets.sol",
    "Benefits": "contracts/payments/Benefits.sol",
    "Offers": "contracts/licensing/Offers.sol",
    "Licences": "contracts/licensing/Licences.sol",
    "KeyExchange": "contracts/delivery/KeyExchange.sol",
    "SettlementToken": "contracts/payments/SettlementToken.sol",
}
"""The contracts that make up a ledger, and where each stands."""

OUTPUTS = [
    "abi",
    "devdoc",
    "userdoc",
    "evm.bytecode.object",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
]

_IMPORT = re.compile(r'^import\s+(?:\{[^}]*\}\s+from\s+)?"([^"]+)";', re.MULTILINE)


def main() -> None:
    """Read the command line and compile if anything changed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--force", action="store_true", help="compile even if nothing changed")
    force: bool = parser.parse_args().force

    compiler: dict[str, Any] = json.loads((CONTRACTS / "solc.json").read_text())
    sources = collect_sources(list(DEPLOYED.values()))
    stamp = fingerprint(compiler, sources)
    if not force and (ARTIFACTS / STAMP).is_file() and (ARTIFACTS / STAMP).read_text() == stamp:
        return
    artifacts = compile_contracts(compiler, sources)
    write(artifacts, stamp)
    print(f"compiled {len(artifacts)} contracts with solc {compiler['version']}", file=sys.stderr)


def collect_sources(names: list[str]) -> dict[str, str]:
    """The files named and all that they import, by the names that the compiler knows them by."""
    found: dict[str, str] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = (ROOT / "node_modules" / name if name.startswith("@") else ROOT / name).read_text()
        waiting += (_resolve(name, target) for target in _IMPORT.findall(found[name]))
    return dict(sorted(found.items()))


def compile_contracts(compiler: dict[str, Any], sources: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Artifacts by contract, from sources by name.

    Exits with the compiler's own words if it refuses, or warns of our own code.
    """
    output = solcx.compile_standard(
        {
            "language": "Solidity",
            "sources": {name: {"content": text} for name, text in sources.items()},
            "settings": compiler["settings"] | {"outputSelection": {"*": {"*": OUTPUTS}}},
        },
        solc_binary=ROOT / "scripts" / "solc",
    )
    complaints = [
        found["formattedMessage"]
        for found in output.get("errors", [])
        if found["severity"] == "error" or not found["sourceLocation"]["file"].startswith("@")
    ]
    if complaints:
        sys.exit("".join(complaints))
    return {name: _artifact(name, output["contracts"][file][name]) for name, file in DEPLOYED.items()}


def fingerprint(compiler: dict[str, Any], sources: dict[str, str]) -> str:
    """What the artifacts depend on, in one line."""
    everything = json.dumps([compiler, sources, DEPLOYED, Path(__file__).read_text()], sort_keys=True)
    return hashlib.sha256(everything.encode()).hexdigest() + "\n"


def write(artifacts: dict[str, dict[str, Any]], stamp: str) -> None:
    """Replace the artifacts, all at once."""
    ARTIFACTS.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".artifacts-", dir=ARTIFACTS.parent))
    fresh.chmod(0o755)
    for name, artifact in artifacts.items():
        (fresh / f"{name}.json").write_text(json.dumps(artifact, indent=1, sort_keys=True) + "\n")
    (fresh / STAMP).write_text(stamp)
    shutil.rmtree(ARTIFACTS, ignore_errors=True)
    fresh.rename(ARTIFACTS)


def _artifact(name: str, output: dict[str, Any]) -> dict[str, Any]:
    deployed = output["evm"]["deployedBytecode"]
    return {
        "contract": name,
        "abi": output["abi"],
        "bytecode": "0x" + output["evm"]["bytecode"]["object"],
        "deployedBytecode": "0x" + deployed["object"],
        "immutableReferences": deployed.get("immutableReferences", {}),
        "userdoc": output["userdoc"],
        "devdoc": output["devdoc"],
    }


def _resolve(importer: str, target: str) -> str:
    if target.startswith("@"):
        return target
    parts = importer.split("/")[:-1]
    for step in target.split("/"):
        if step == "..":
            parts.pop()
        elif step != ".":
            parts.append(step)
    return "/".join(parts)


if __name__ == "__main__":
    main()
