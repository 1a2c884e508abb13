"""The suite inside pytest: `pytest --pyargs contract_tests --contract-url URL --contract-host ORG/ENV/HOST`.

Every check of the plan is a test of its own (contract_tests/test_contract.py). The options are those of
`contract-tests run`, and so are their values: that command parses them. pytest loads this module in every run, so it
imports the suite only when it is asked for.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from contract_tests.inside_pytest import Sitting

OPTIONS = {
    "host": "a host that may be used, ORG/ENV/HOST; repeatable",
    "user": "user for HTTP Basic; the password comes from CONTRACT_PASSWORD",
    "allow": "observe, power or full: what may be done to the hosts",
    "foreign": "an organization that the credentials must not see; only reads are sent to it",
    "feature": "an optional feature that the server has; repeatable",
    "without": "an optional feature that the server does not have; repeatable",
    "only": "run these tests only; repeatable",
    "skip": "leave these tests out; repeatable",
    "profile": "documented, client or full: the requirements that count",
    "baseline": "a TOML file of known failures",
    "contract": "another contract than the built-in one",
    "config": "a TOML file with options",
    "random-seed": "repeats a run: the same seed, the same requests",
    "max-examples": "random examples for each operation",
    "settle-timeout": "seconds that an accepted action may take",
    "report-dir": "folder of the report",
}
"""Options of `contract-tests run` that have a counterpart here, `--contract-NAME`; each value is passed on as it is."""

SITTING = pytest.StashKey["Sitting"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the suite."""
    group = parser.getgroup("contract", "contract tests (pytest --pyargs contract_tests)")
    group.addoption("--contract-url", metavar="URL", help="the server to judge; without it no contract test runs")
    for name, text in OPTIONS.items():
        group.addoption(f"--contract-{name}", dest=f"contract_{name}", action="append", default=[], help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of the tests, and refuse options that cannot be used before anything is collected."""
    config.addinivalue_line("markers", "requirement(id): a requirement of the contract that a test judges")
    if config.getoption("--contract-url"):
        _sitting(config)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of every check of the plan."""
    if "contract_check" not in metafunc.fixturenames:
        return
    sitting = _sitting(metafunc.config)
    metafunc.parametrize(
        "contract_check",
        [
            pytest.param(check, id=check.id, marks=[pytest.mark.requirement(name) for name in check.requirements])
            for check in sitting.tests
        ],
    )


@pytest.fixture(scope="session")
def contract_sitting(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Iterator[Sitting]:
    """The session with the server: looked at before the first test, cleaned after the last one."""
    sitting = _sitting(pytestconfig)
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        sitting.begin()
        yield sitting
    finally:
        left = sitting.end(interrupted=request.session.exitstatus == pytest.ExitCode.INTERRUPTED)
        signal.signal(signal.SIGTERM, before)
    if left:
        pytest.fail(f"left behind: {'; '.join(left)}", pytrace=False)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what the whole came to, and where the report lies."""
    sitting = config.stash.get(SITTING, None)
    for line in sitting.lines() if sitting is not None else ():
        terminalreporter.write_line(line)


def _sitting(config: pytest.Config) -> Sitting:
    """The one of this process, made when it is first needed. UsageError says what is wrong with the options."""
    if SITTING not in config.stash:
        url = config.getoption("--contract-url")
        if not url:
            raise pytest.UsageError(
                "contract tests need a server to judge: give --contract-url URL and --contract-host"
            )
        from contract_tests.inside_pytest import Sitting, UsageError  # noqa: PLC0415 - slow to import, and seldom needed

        arguments = [url]
        for name in OPTIONS:
            for value in config.getoption(f"contract_{name}"):
                arguments += [f"--{name}", value]
        try:
            config.stash[SITTING] = Sitting(arguments, _worker(config), _workers(config))
        except UsageError as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[SITTING]


def _worker(config: pytest.Config) -> str | None:
    """The name of this worker of pytest-xdist; None in a process that is none."""
    told: dict[str, str] = getattr(config, "workerinput", {})
    return told.get("workerid")


def _workers(config: pytest.Config) -> int:
    """How many workers pytest-xdist is to start; 1 without it."""
    number = config.getoption("numprocesses", None)
    return number if isinstance(number, int) and number > 0 else 1


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)
