"""The wheel alone is a working ledger: contract artifacts travel inside it, and no Node is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.chain.anvil import Anvil

ROOT = Path(__file__).resolve().parents[2]
FOUNDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
CONTRACTS = {"AccessManager", "Members", "Datasets", "Benefits", "Offers", "Licences", "KeyExchange", "SettlementToken"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel and its pinned dependencies; gives its folder of programs."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(venv)], check=True, timeout=60)
    install = [uv, "pip", "install", "--quiet", "--python", str(venv / "bin" / "python")]
    subprocess.run([*install, "--constraint", str(ROOT / "requirements.lock"), str(wheel)], check=True, timeout=300)
    return venv / "bin"


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    with Anvil() as node:
        yield node


def ledger(programs: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # Nothing else on the path, nor the checkout in sight: what is not in the wheel is not there.
    env = {"PATH": str(programs), "HOME": str(home), "LEDGER_HOME": str(home / "ledger"), "LANG": "C.UTF-8"}
    command = [str(programs / "ledger"), *words]
    return subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, timeout=120, check=False)


def test_the_artifacts_travel_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    artifacts = {
        Path(name).stem for name in names if name.startswith("ledger/chain/artifacts/") and name.endswith("json")
    }
    assert artifacts == CONTRACTS
    assert "ledger/py.typed" in names
    assert "api/app.py" in names
    assert not [name for name in names if name.startswith(("tests/", "scripts/", "contracts/"))]


def test_it_computes_a_cid_without_node(installed: Path, tmp_path: Path) -> None:
    assert not [place for place in ("node", "npm") if os.access(installed / place, os.X_OK)]
    (tmp_path / "empty").touch()
    done = ledger(installed, tmp_path, "store", "cid", "empty", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["cid"] == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


def test_it_deploys_a_ledger_without_node(installed: Path, anvil: Anvil, tmp_path: Path) -> None:
    founders = [{"principal": FOUNDER, "name": "City Hospital", "country": "DE", "kinds": ["institution"]}]
    (tmp_path / "founders.json").write_text(json.dumps(founders))
    chain = ("--rpc", anvil.url, "--json")
    signed = ("--founders", "founders.json", "--authority", FOUNDER, "--as", "local:0")
    deployed = ledger(installed, tmp_path, "network", "deploy", *signed, *chain)
    assert deployed.returncode == 0, deployed.stderr

    status = ledger(installed, tmp_path, "network", "status", *chain)
    assert status.returncode == 0, status.stderr
    shown = json.loads(status.stdout)
    assert (shown["members"], set(shown["contracts"])) == (1, CONTRACTS)
