"""Hypothesis: a platform for each example, made in no time. Run it with: pytest test_with_hypothesis.py."""

from hypothesis import given
from hypothesis import strategies as st
from power_tool import PowerTool

STATES = st.sampled_from(["RUNNING", "PAUSED", "STOPPED"])


@given(states=st.lists(STATES, min_size=1, max_size=5))
def test_after_a_pause_nothing_runs(hypervisor_server, states):
    """Whatever there was: what ran is paused, and all else is as it was."""
    with hypervisor_server.world() as hypervisor:
        tool = PowerTool(hypervisor.url, "Acme", "Prod")
        for number, state in enumerate(states):
            hypervisor.add(f"Acme/Prod/web{number}", state=state)
            tool.pause(f"web{number}")
        found = [hypervisor.state(f"web{number}") for number in range(len(states))]
        assert found == ["PAUSED" if state == "RUNNING" else state for state in states]
