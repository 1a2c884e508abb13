"""A shutdown of minutes, awaited in milliseconds. Run it with: pytest test_slow_shutdown.py."""

from pathlib import Path

import pytest
from power_tool import PowerTool

SLOW = str(Path(__file__).with_name("slow-shutdown.yaml"))


@pytest.mark.hypervisor(timing=SLOW)
def test_it_waits_until_the_machine_is_off(hypervisor):
    """The tool sleeps 40 times 3 s, and asks each time: only its clock is another one."""
    hypervisor.add("Acme/Prod/web1", state="RUNNING")
    then = hypervisor.clock.now
    with hypervisor.clock.driven_by("power_tool"):
        PowerTool(hypervisor.url, "Acme", "Prod").shut_down("web1")
    assert hypervisor.state("web1") == "STOPPED"
    assert (hypervisor.clock.now - then).total_seconds() == 120
    assert hypervisor.journal.count("getInstance", host="web1") == 41


@pytest.mark.hypervisor(timing=SLOW)
def test_it_gives_up_when_its_patience_is_over(hypervisor):
    """Its time-out is tested as well, and costs nothing."""
    hypervisor.add("Acme/Prod/web1", state="RUNNING")
    tool = PowerTool(hypervisor.url, "Acme", "Prod")
    with hypervisor.clock.driven_by("power_tool"), pytest.raises(TimeoutError):
        tool.shut_down("web1", patience=60)
    hypervisor.clock.run_until(state="STOPPED", host="web1")
