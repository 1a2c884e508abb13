"""Trouble: what a network and a busy platform do to a client. Run it with: pytest test_trouble.py."""

from pathlib import Path

from power_tool import PowerTool

BUSY = str(Path(__file__).with_name("busy.yaml"))


def test_it_comes_again_when_it_is_put_off(hypervisor):
    """The first two attempts meet 503; the random seed repeats the same trouble each time."""
    hypervisor.add("Acme/Prod/web1", state="RUNNING")
    tool = PowerTool(hypervisor.url, "Acme", "Prod")
    with hypervisor.faults(BUSY, random_seed=7) as faults, hypervisor.clock.driven_by("power_tool"):
        tool.power_off("web1")
    assert faults.hits("put-off") == 2
    hypervisor.requests("powerOffInstance", host="web1", status=503).times(2)
    hypervisor.requests("powerOffInstance", host="web1").once()
