"""pytest: the fixture `hypervisor` comes with the package. Run it with: pytest test_with_pytest.py."""

import pytest
from power_tool import PowerTool


@pytest.fixture
def tool(hypervisor):
    """The code under test, for a platform that no other test sees."""
    hypervisor.add("Acme/Prod/web1", state="RUNNING")
    hypervisor.add("Acme/Prod/web2", state="STOPPED")
    return PowerTool(hypervisor.url, "Acme", "Prod")


def test_a_running_machine_is_paused(hypervisor, tool):
    """Look at what has become of it, and at how it was asked for."""
    tool.pause("web1")
    assert hypervisor.state("web1") == "PAUSED"
    hypervisor.requests("pauseInstance", host="web1").once()


def test_a_machine_that_is_off_is_left_alone(hypervisor, tool):
    """`never` fails if there was so much as an attempt."""
    tool.pause("web2")
    hypervisor.requests("pauseInstance").never()


def test_what_if_it_crashed_meanwhile(hypervisor, tool):
    """Things happen that no client asked for. A snapshot leads back before them."""
    base = hypervisor.snapshot()
    hypervisor.act("crash", "web1")
    assert tool.state("web1") == "STOPPED"
    hypervisor.restore(base)
    assert tool.state("web1") == "RUNNING"
