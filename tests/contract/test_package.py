"""The package itself: light, and at home in a checkout as well as in a wheel."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contract import Contract
from tests.contract.conftest import BUILTIN
from tests.patience import PATIENCE

PACKAGE = BUILTIN.parent / "contract"
SHOW_MODULES = """
import sys
before = set(sys.modules)
import contract
contract.load_contract()
print(*{name.partition(".")[0] for name in set(sys.modules) - before})
"""


def run(code: str, folder: Path) -> str:
    """What a fresh Python prints, started in a folder."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout


def test_only_two_libraries_are_loaded() -> None:
    """Reading a contract takes PyYAML, jsonschema_rs and the standard library: it is on the way of every start."""
    loaded = set(run(SHOW_MODULES, BUILTIN.parent).split())
    # the latter two come with them
    allowed = {"contract", "yaml", "jsonschema_rs", "cython_runtime", "typing_extensions"}
    assert {name for name in loaded - sys.stdlib_module_names if not name.startswith("_")} <= allowed


def test_the_contract_stands_beside_the_package_in_a_wheel(tmp_path: Path) -> None:
    """An installed package finds openapi.yaml in its own folder, whatever lies around it."""
    shutil.copytree(PACKAGE, tmp_path / "contract", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(BUILTIN, tmp_path / "contract" / "openapi.yaml")
    (tmp_path / "openapi.yaml").write_text("not: the contract\n")
    source = run("import contract; print(contract.load_contract().source)", tmp_path)
    assert Path(source.strip()) == tmp_path / "contract" / "openapi.yaml"


def test_the_schemas_are_schemas() -> None:
    """The two schemas that the package publishes are read by a meta-schema, and have a title."""
    from jsonschema_rs import meta

    for path in (PACKAGE / "document.schema.json", PACKAGE / "extensions.schema.json"):
        schema = json.loads(path.read_text())
        assert meta.is_valid(schema)
        assert schema["title"]


def test_a_contract_is_immutable_and_whole(contract: Contract) -> None:
    """Its parts are mappings by name, from one document, and nobody can put anything into them: it is shared."""
    assert set(contract.features) == {
        *("vnc", "import", "forget", "lock", "stop-alias", "agent", "auth-basic", "auth-appkey")
    }
    parts: list[Any] = [contract.operations, contract.requirements, contract.features]
    for part in parts:
        with pytest.raises(TypeError, match="does not support item assignment"):
            part["another"] = None
