"""The tests of the contracts run what is deployed: forge compiles with the settings of the build."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_forge_compiles_with_the_settings_of_the_build() -> None:
    settings = json.loads((ROOT / "contracts" / "solc.json").read_text())["settings"]
    profile = tomllib.loads((ROOT / "tests" / "contracts" / "foundry.toml").read_text())["profile"]["default"]
    optimizer = {"enabled": profile["optimizer"], "runs": profile["optimizer_runs"]}

    assert settings == {"evmVersion": profile["evm_version"], "optimizer": optimizer}


def test_the_compiler_of_the_build_is_the_one_the_sources_name() -> None:
    version = json.loads((ROOT / "contracts" / "solc.json").read_text())["version"]
    installed = json.loads((ROOT / "package.json").read_text())["devDependencies"]["solc"]
    pragmas = {
        line
        for path in (ROOT / "contracts").rglob("*.sol")
        for line in path.read_text().splitlines()
        if "pragma" in line
    }

    assert installed == version
    assert pragmas == {f"pragma solidity {version};"}
