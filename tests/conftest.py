"""What holds for all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import settings

settings.register_profile("patient", settings(), deadline=None)
settings.load_profile("patient")
# how long an example takes says nothing on a busy machine

LONG = (
    *("certificate.test_certify", "suite.test_recomputing", "end_to_end.test_changed_contract"),
    *("suite.test_judged_servers", "suite.test_faulty_servers", "suite.test_resume", "suite.test_hooks"),
    *("suite.test_command_line", "house.test_documents", "certificate.test_hostile", "suite.test_races"),
    *("suite.test_plugin", "suite.test_lawful_servers", "certificate.test_edits", "suite.test_guest"),
    *("suite.test_histories", "suite.test_run_options", "house.test_examples", "testing.test_pytest_plugin"),
)
"""The modules that take longest, the longest first: they begin first, so that at the end no process waits for one."""

WHOLE_RUNS = (
    *("certificate.test_certify", "certificate.test_edits", "certificate.test_hostile", "suite.test_recomputing"),
    *("suite.test_judged_servers", "suite.test_faulty_servers", "suite.test_lawful_servers", "suite.test_resume"),
    *("suite.test_guest", "suite.test_histories", "suite.test_proof", "end_to_end.test_changed_contract"),
    *("suite.test_plugin", "suite.test_hooks", "suite.test_races", "suite.test_robustness", "suite.test_dry_run"),
    *("suite.test_workers", "suite.test_run_options", "suite.test_access", "suite.test_curl_scripts"),
    *("suite.test_load", "suite.test_record_schema", "suite.test_replay", "suite.test_verify"),
    *("house.test_documents", "house.test_ci_snippets", "house.test_wheel", "emulator.test_crash"),
)
"""Modules of whole runs. They are not measured: that takes as long again, and would add little to the coverage."""

MANY_EXAMPLES = (
    *("emulator.test_inventory", "emulator.test_linearizability", "emulator.test_usage", "emulator.test_history"),
    *("emulator.test_server", "emulator.test_names", "emulator.test_explain", "emulator.test_walks"),
    *("emulator.test_control", "emulator.test_seeds", "emulator.test_any_input", "testing.test_pytest_plugin"),
    *("suite.test_generation", "suite.test_tour"),
)
"""Modules that try the same lines again and again: not measured, either."""

MEASURED = (
    "suite/test_access.py::test_another_organization_is_judged_when_it_is_named[named]",
    "suite/test_dry_run.py::test_it_prints_the_plan_and_sends_nothing",
    "suite/test_hooks.py::test_the_emulator_is_green",
    "suite/test_judged_servers.py::test_a_slow_emulator_is_judged_green[polls:3]",
    "suite/test_load.py::test_a_conforming_server_breaks_nothing",
    "suite/test_plugin.py::test_every_check_is_an_item",
    "suite/test_plugin.py::test_a_conforming_server_passes",
    "suite/test_races.py::test_a_race_comes_with_its_history",
    "suite/test_recomputing.py::test_a_server_that_dies_dies_again",
    "suite/test_robustness.py::test_what_is_sent_byte_by_byte_knows_a_base_path",
    "suite/test_replay.py::test_a_failure_repeats_alone",
    "suite/test_workers.py::test_workers_make_one_run",
)
"""Those of them that are measured: nothing else runs some of that code."""


SLOW = (
    "certificate/test_certify.py",
    "emulator/test_proxy.py::test_the_contract_suite_passes_through",
    "end_to_end/test_changed_contract.py::test_both_sides_follow_a_changed_contract[edge_added]",
    "end_to_end/test_changed_contract.py::test_both_sides_follow_a_changed_contract[property_renamed]",
    "end_to_end/test_changed_contract.py::test_both_sides_follow_a_changed_contract[state_added]",
    "end_to_end/test_changed_contract.py::test_the_built_in_contract_is_broken_by_a_changed_emulator[edge_added]",
    "end_to_end/test_changed_contract.py::test_the_built_in_contract_is_broken_by_a_changed_emulator[property_renamed]",
    "end_to_end/test_changed_contract.py::test_the_unchanged_emulator_breaks_a_changed_contract[edge_added]",
    "end_to_end/test_changed_contract.py::test_the_unchanged_emulator_breaks_a_changed_contract[property_renamed]",
    "end_to_end/test_two_emulators.py",
    "house/test_ci_snippets.py",
    "house/test_documents.py::test_the_commands_of_a_document_run[docs/certificate.md]",
    "house/test_documents.py::test_the_commands_of_a_document_run[docs/contract-tests.md]",
    "house/test_documents.py::test_the_commands_of_a_document_run[docs/vendors.md]",
    "house/test_wheel.py::test_it_judges",
    "suite/test_curl_scripts.py::test_old_scripts_go_with_their_run",
    "suite/test_dry_run.py::test_what_it_says_is_about_what_a_run_does",
    "suite/test_guest.py::test_every_request_says_who_sends_it_and_why",
    "suite/test_guest.py::test_nothing_is_left_behind",
    "suite/test_guest.py::test_power_keeps_the_instance",
    "suite/test_guest.py::test_reads_go_to_named_hosts_or_to_names_that_cannot_exist",
    "suite/test_guest.py::test_the_exchanges_are_all_there",
    "suite/test_guest.py::test_the_record_has_a_row_for_everything",
    "suite/test_guest.py::test_the_same_seed_sends_the_same_requests",
    "suite/test_guest.py::test_writes_go_to_named_hosts_or_to_names_that_cannot_exist",
    "suite/test_histories.py::test_a_fault_of_memory_is_found_by_walks_alone",
    "suite/test_histories.py::test_the_same_seed_walks_the_same_way",
    "suite/test_hooks.py::test_a_faulty_server_is_red[an-instance-pauses",
    "suite/test_hooks.py::test_a_faulty_server_is_red[refused-patch",
    "suite/test_hooks.py::test_a_faulty_server_is_red[start-is-accepted",
    "suite/test_hooks.py::test_a_faulty_server_is_red[values-lose",
    "suite/test_hooks.py::test_credentials_come_from_the_environment",
    "suite/test_judged_servers.py::test_a_feature_can_be_left_out",
    "suite/test_judged_servers.py::test_a_server_that_breaks_a_rule_and_dies_is_red",
    "suite/test_judged_servers.py::test_a_slow_emulator_is_judged_green[slow]",
    "suite/test_judged_servers.py::test_names_may_be_odd",
    "suite/test_load.py::test_several_machines_are_one_load",
    "suite/test_plugin.py::test_a_requirement_is_a_marker",
    "suite/test_plugin.py::test_each_worker_of_xdist_needs_its_host",
    "suite/test_proof.py::test_some_servers_can_be_tried_alone",
    "suite/test_races.py::test_a_server_that_takes_its_time_is_not_blamed",
    "suite/test_races.py::test_an_action_that_failed_once_is_no_race",
    "suite/test_races.py::test_no_machine_is_left_by_a_race_that_forgets",
    "suite/test_races.py::test_no_race_is_blamed_on_the_emulator",
    "suite/test_races.py::test_races_keep_to_the_level",
    "suite/test_races.py::test_what_is_wrong_without_a_race_is_not_blamed_on_one",
    "suite/test_recomputing.py::test_every_kind_of_check_can_be_judged_again",
    "suite/test_recomputing.py::test_no_member_of_a_record_can_be_changed",
    "suite/test_recomputing.py::test_no_member_of_a_request_can_be_changed",
    "suite/test_resume.py::test_a_run_that_broke_off_goes_on",
    "suite/test_resume.py::test_what_was_found_before_counts_after",
    "suite/test_robustness.py::test_servers_may_read_http_in_their_own_ways",
)
"""Whole runs that take five seconds and more: `make runs`, after `make test`. What they are about is in
`make test` as well, by smaller tests beside them."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and put the long modules first; the order within a module stays."""
    for item in items:
        if item.nodeid.removeprefix("tests/").startswith(SLOW):
            item.add_marker("slow")
    places = {_path(name): place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(_module(item), len(places)))
    whole_runs, many_examples = (set(map(_path, names)) for names in (WHOLE_RUNS, MANY_EXAMPLES))
    for item in items:
        if _module(item) in whole_runs:
            item.add_marker("whole_run")
        if _module(item) in whole_runs | many_examples and not item.nodeid.removeprefix("tests/").startswith(MEASURED):
            item.add_marker("unmeasured")


def _path(name: str) -> str:
    return f"tests/{name.replace('.', '/')}.py"


def _module(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """An `unmeasured` test is not measured, nor are its fixtures and their processes: half of their time."""
    with ExitStack() as stack:
        if item.get_closest_marker("unmeasured"):
            environment = stack.enter_context(pytest.MonkeyPatch.context())
            for name in [name for name in os.environ if name.startswith("COVERAGE_")]:
                environment.delenv(name)
            # two in a worker of pytest-xdist: that of pytest-cov, and below it that of any process of a measured one
            coverage = sys.modules.get("coverage")
            while coverage and (measuring := coverage.Coverage.current()) is not None:
                measuring.stop()
                stack.callback(measuring.start)
        return (yield)
