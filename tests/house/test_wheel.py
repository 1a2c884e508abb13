"""The wheel is what we think it is, and works where nothing of the project lies about."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest

from contract import load_contract
from contract_tests.certifying.recomputing import recompute
from contract_tests.running.suite import digest
from tests.faulty_servers.choosing import DEAR
from tests.house.tree import ROOT
from tests.patience import PATIENCE

PACKAGES = {"contract", "contract_tests", "emulator"}
EXAMPLE = "/organizations/Guardis%20Test/environments/Test%20Environment/hosts/test-host-on-Hyp3/instance"


@dataclass(frozen=True, slots=True)
class Installed:
    """The wheel in a virtual environment of its own, and a folder to run from that holds namesakes."""

    scripts: Path
    elsewhere: Path

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a console script from the other folder, to its end."""
        return subprocess.run(
            [str(self.scripts / command), *arguments],
            cwd=self.elsewhere,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution, which thereby is complete too."""
    folder = tmp_path_factory.mktemp("dist")
    _quietly(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    """The names of the files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, installed; its dependencies are borrowed from the environment that runs this test."""
    environment = tmp_path_factory.mktemp("environment")
    python = environment / "bin" / "python"
    _quietly(sys.executable, "-m", "venv", "--without-pip", environment)
    _quietly(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    (site_packages,) = environment.glob("lib/python*/site-packages")
    (site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(environment / "bin", _folder_with_namesakes(tmp_path_factory.mktemp("elsewhere")))


def test_it_holds_our_packages_only(names: set[str]) -> None:
    """Nothing but our three packages is at the top: no `tests`, no `fixtures`, no `scripts`."""
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES


def test_its_packages_are_typed(names: set[str]) -> None:
    """Each package says that it is typed, so that mypy reads it in the projects of others."""
    assert {f"{package}/py.typed" for package in PACKAGES} <= names


def test_it_holds_the_contract(wheel: Path) -> None:
    """openapi.yaml is inside, to the byte."""
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("contract/openapi.yaml") == (ROOT / "openapi.yaml").read_bytes()


def test_it_holds_the_data_of_each_package(names: set[str]) -> None:
    """The seeds, and each package's own documents, schemas and templates, are inside."""
    seeds = {f"emulator/{path.relative_to(ROOT)}" for path in (ROOT / "fixtures").rglob("*") if path.is_file()}
    data = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".jinja", ".json", ".yaml"}
    }
    assert seeds
    assert seeds | data <= names


@pytest.mark.parametrize("command", ["hypervisor-emulator", "contract-tests"])
def test_its_commands_explain_themselves(installed: Installed, command: str) -> None:
    """Both commands are installed and answer --help."""
    done = installed.run(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ")


@pytest.fixture
def served(installed: Installed, tmp_path: Path) -> Iterator[str]:
    """The URL of the installed emulator, which serves the documentation's example."""
    ready_file = tmp_path / "ready.json"
    program = str(installed.scripts / "hypervisor-emulator")
    command = [program, "serve", "--port", "0", "--ready-file", str(ready_file)]
    with subprocess.Popen(
        command, cwd=installed.elsewhere, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        try:
            assert process.stdout.readline().startswith("Ready. http://127.0.0.1:")
            yield json.loads(ready_file.read_text("utf-8"))["url"]
        finally:
            process.terminate()
    assert process.returncode == 0


def test_it_serves(served: str) -> None:
    """The installed emulator finds its contract and its seeds, answers, and stops cleanly."""
    with urlopen(served + EXAMPLE, timeout=PATIENCE) as response:
        assert json.load(response)["state"] == "RUNNING"


def test_it_judges(installed: Installed, served: str) -> None:
    """The installed suite finds its contract, judges a server, and leaves its record where it was run."""
    hosts = [f"Guardis Test/Test Environment/{name}" for name in ("web-1", "test-host-on-Hyp3")]
    options = ["--host", hosts[0], "--host", hosts[1], "--max-examples", "1", "--random-seed", "1"]
    options += [word for name in DEAR for word in ("--skip", name)]
    done = installed.run("contract-tests", "run", served, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = installed.elsewhere / "contract-report"
    record = json.loads((folder / "record.json").read_text("utf-8"))
    # wherever it is installed, it is the same suite, and draws the same: others can judge its runs again
    assert record["suite"]["sha256"] == digest()
    assert recompute(folder, load_contract()) == []


PLUGIN_TEST = """
def test_it(hypervisor):
    assert hypervisor.state("test-host-on-Hyp3") == "RUNNING"
"""


def test_its_fixture_is_there(installed: Installed, tmp_path: Path) -> None:
    """Whoever installs it has the fixture, without a word in a conftest."""
    (tmp_path / "test_it.py").write_text(PLUGIN_TEST)
    command = [str(installed.scripts / "python"), "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    # the environment from which its dependencies are borrowed may name the plugin as well
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def _folder_with_namesakes(folder: Path) -> Path:
    """A folder that has packages called as ours are; importing one of them is an error."""
    for package in PACKAGES:
        (folder / package).mkdir()
        (folder / package / "__init__.py").write_text("raise ImportError('the wrong package')\n")
    return folder


def _quietly(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
