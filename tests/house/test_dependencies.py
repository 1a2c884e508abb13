"""What the project stands on: declared, locked and explained, each the same set."""

from __future__ import annotations

import re
from functools import cache

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.house.tree import ROOT, pyproject

LOCK = ROOT / "requirements" / "dev.txt"
LOCKED_EXTRAS = ("contract-tests",)
EXPLAINED = re.compile(r"^\| `([^`\[]+)(?:\[\w+\])?` \|", re.MULTILINE)
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?P<marker> ; .*)? \\$")


def test_the_lock_names_no_place() -> None:
    """The lock holds names, versions and hashes: no URL, no index, no path, so that any mirror serves it."""
    foreign = re.compile(r"://|file:/|^-|--(index|extra|find|trusted)| @ |/opt/|\.whl")
    assert [line for line in _lock_lines() if foreign.search(line)] == []


def test_everything_locked_has_hashes() -> None:
    """Each locked package is one exact version, followed by at least one hash."""
    lines = [line for line in _lock_lines() if line and not line.lstrip().startswith("#")]
    pins = [index for index, line in enumerate(lines) if not line.startswith(" ")]
    assert all(PIN.match(lines[index]) for index in pins)
    assert all(lines[index + 1].startswith("    --hash=sha256:") for index in pins)


@pytest.mark.parametrize("requirement", [*pyproject()["project"]["dependencies"]], ids=str)
def test_the_lock_meets_what_the_base_install_asks_for(requirement: str) -> None:
    """A dependency of the base install is locked at a version that its bound allows."""
    assert _meets(requirement)


@pytest.mark.parametrize("extra", LOCKED_EXTRAS)
def test_the_lock_meets_what_the_extras_ask_for(extra: str) -> None:
    """A dependency of an extra that our own tests use is locked at a version that its bound allows."""
    asked = pyproject()["project"]["optional-dependencies"][extra]
    assert [requirement for requirement in asked if not _meets(requirement)] == []


def test_the_lock_holds_the_build_backend_and_the_tools() -> None:
    """Whatever builds, checks and locks the project is locked too."""
    wanted = {
        canonicalize_name(Requirement(line).name) for line in [*pyproject()["build-system"]["requires"], *_tools()]
    }
    assert wanted <= _locked().keys()


def test_every_dependency_has_a_lower_bound() -> None:
    """Each dependency says from which version on it is known to work, and caps nothing."""
    odd = [
        line
        for line in _declared()
        if not line.startswith("hypervisor-emulator[")
        and [specifier.operator for specifier in Requirement(line).specifier] != [">="]
    ]
    assert odd == []


def test_every_dependency_is_explained() -> None:
    """docs/dependencies.md has one row for each dependency, and none for what is none any more."""
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    explained = [canonicalize_name(name) for name in EXPLAINED.findall(page)]
    declared = {canonicalize_name(Requirement(line).name) for line in [*_declared(), *_tools()]}
    assert sorted(explained) == sorted(declared - {"hypervisor-emulator"})


def _lock_lines() -> list[str]:
    return LOCK.read_text("utf-8").splitlines()


def _tools() -> list[str]:
    lines = (ROOT / "requirements" / "dev.in").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _declared() -> list[str]:
    project = pyproject()["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    return [*project["dependencies"], *extras, *pyproject()["build-system"]["requires"]]


@cache
def _locked() -> dict[str, Version]:
    pins = filter(None, map(PIN.match, _lock_lines()))
    return {canonicalize_name(pin["name"]): Version(pin["version"]) for pin in pins}


def _meets(line: str) -> bool:
    requirement = Requirement(line)
    version = _locked().get(canonicalize_name(requirement.name))
    return version is not None and version in requirement.specifier
