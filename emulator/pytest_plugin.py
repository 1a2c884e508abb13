"""The emulator as fixtures of pytest. pytest loads this module in every run, so it imports nothing until it is asked.

`hypervisor` is a platform that no other test sees; `hypervisor_server` is the server behind it, for tests that make
their worlds themselves, as examples of Hypothesis do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.testing import Hypervisor, LocalServer

MARKER = "hypervisor"


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    config.addinivalue_line(
        "markers", f"{MARKER}(seeds, timing, clock, random_seed, fleet): settings of this test's fixture `hypervisor`"
    )


@pytest.fixture(scope="session")
def hypervisor_contract() -> Path | None:
    """The OpenAPI document that the server of this session follows; to be overridden. None: the built-in one."""
    return None


@pytest.fixture(scope="session")
def hypervisor_server(hypervisor_contract: Path | None) -> Iterator[LocalServer]:
    """One real server in this process, on a free port; its `world` makes platforms."""
    from emulator.testing import serving  # noqa: PLC0415 - slow to import, and most runs of pytest do not need it

    with serving(hypervisor_contract) as server:
        yield server


@pytest.fixture
def hypervisor_settings() -> Mapping[str, Any]:
    """The settings of `hypervisor`, such as `{"timing": "realistic"}`; to be overridden for a module or a project."""
    return {}


@pytest.fixture
def hypervisor(
    request: pytest.FixtureRequest, hypervisor_server: LocalServer, hypervisor_settings: Mapping[str, Any]
) -> Iterator[Hypervisor]:
    """A platform of this test's own: the documentation's example, on which nothing takes time.

    Settings come from `hypervisor_settings`, and before that from the marker
    `@pytest.mark.hypervisor(timing="realistic")`. A request that breaks the emulator fails the test.
    """
    from emulator.testing import EmulatorBroke, UsageError  # noqa: PLC0415 - see above

    marker = request.node.get_closest_marker(MARKER)
    try:
        with hypervisor_server.world(**{**hypervisor_settings, **(marker.kwargs if marker else {})}) as hypervisor:
            yield hypervisor
    except (EmulatorBroke, UsageError) as error:
        pytest.fail(str(error), pytrace=False)
