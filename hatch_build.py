"""Puts the contract and the seeds into the wheel, and only there.

A plain `force-include` would also copy them beside an editable install, where they go stale unseen.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE_DATA = {"openapi.yaml": "contract/openapi.yaml", "fixtures": "emulator/fixtures"}


class PackageData(BuildHookInterface[Any]):
    """The build hook that pyproject.toml names."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the data when a real wheel is built (`version` is "standard", else "editable")."""
        if version == "standard":
            build_data["force_include"].update(PACKAGE_DATA)
