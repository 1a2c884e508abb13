"""The users, as Locust runs them: `contract-tests load` does, and so does `locust -f` in its distributed mode."""

from __future__ import annotations

# first of all, for it makes the libraries below wait without a thread
from locust import HttpUser, events, task  # isort: skip
import json
import random
import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from locust.env import Environment
from locust.runners import WorkerRunner
from schemathesis import Response
from schemathesis.core import NOT_SET

from contract import Edge, Operation
from contract_tests import VERSION
from contract_tests.judging import cells
from contract_tests.judging.answer_checks import Representations, parse
from contract_tests.judging.document_rules import Judge
from contract_tests.loading.plan import RESULT, planned
from contract_tests.running.target import HostName, level_of
from contract_tests.sending.api import HostApi

PLAN = planned()
CONTRACT, TARGET = PLAN.contract, PLAN.target
LIFECYCLE = CONTRACT.lifecycle
SHOWN = Representations(CONTRACT)
APIS = {host: HostApi(CONTRACT, host) for host in TARGET.hosts}
"""Made here, before the time of the load begins: the first of them takes a quarter of a second."""

RULE = "RULE"
"""The type under which Locust counts a broken rule; its name is the requirement."""

PERCENTILES = (0.5, 0.95, 0.99)


def _goes_on(operation: Operation) -> bool:
    """Whether a trigger leaves an instance there, whose state is known: no delete, no forget, no import."""
    edges = [edge for edge in LIFECYCLE.edges if edge.trigger == operation.trigger]
    return all(
        LIFECYCLE.absent not in edge.to and (edge.state != LIFECYCLE.absent or len(edge.to) == 1) for edge in edges
    )


TRIGGERS = [
    one
    for one in CONTRACT.operations.values()
    if one.trigger and level_of(one, CONTRACT) <= TARGET.level and TARGET.claims(one.feature) and _goes_on(one)
]


class Broken(Exception):
    """A rule that an answer breaks, in words."""


class Walker(HttpUser):
    """A user who walks through the lifecycle of one host, and looks at every answer."""

    host = TARGET.url
    _numbers = count()

    def on_start(self) -> None:
        """Take a host: as far as there are enough, one that no other user has."""
        number = next(self._numbers)
        runner = self.environment.runner
        worker = runner.worker_index if isinstance(runner, WorkerRunner) else 0
        users = self.environment.parsed_options.num_users or 1
        self.place: HostName = TARGET.hosts[(number + worker * users) % len(TARGET.hosts)]
        self.is_alone = users <= len(TARGET.hosts)
        self.draw = random.Random(str(self.place))  # noqa: S311 - a walk, no secret
        self.api = APIS[self.place]
        self.judge = Judge(CONTRACT, TARGET.claims)
        self.state = self._look()

    @task
    def step(self) -> None:
        """Send a trigger that is legal, and see where it leads."""
        choices = [(one, edge) for one in TRIGGERS if (edge := LIFECYCLE.edge(self.state or "", str(one.trigger)))]
        if not choices:
            self.state = self._look()
            return
        operation, edge = self.draw.choice(choices)
        response = self._send(operation)
        if response is None:
            self.state = self._look()
            return
        accepted = 200 <= response.status_code < 300
        if not accepted and self.is_alone and response.status_code == 409:
            self._breaks(cells.leads(CONTRACT, operation)[0], f"{operation.id} in {self.state}: {response.status_code}")
        self.state = self._arrive(operation, edge) if accepted else self._look()

    def _arrive(self, operation: Operation, edge: Edge) -> str | None:
        """Look until the action has settled; what is seen on the way must be of it."""
        way = {edge.state, edge.via, *edge.to, edge.otherwise}
        until = time.monotonic() + PLAN.settle
        while time.monotonic() < until:
            state = self._look()
            if not self.is_alone or state is None or state in edge.to:
                return state
            if state not in way:
                rule = cells.leads(CONTRACT, operation)[0]
                self._breaks(rule, f"{operation.id} from {edge.state} leads to {state}")
                return state
        return self._look()

    def _look(self) -> str | None:
        response = self._send(SHOWN.reading)
        if response is None:
            return None
        if response.status_code == 404:
            return str(LIFECYCLE.absent)
        state = SHOWN.read(parse(response), "state") if response.status_code == 200 else None
        return state if isinstance(state, str) else None

    def _send(self, operation: Operation) -> Response | None:
        """Send an operation, and judge its answer by the document; None when there is no answer."""
        case = self.api.operations[operation.id].Case(body={} if operation.body else NOT_SET)
        headers = {**TARGET.credentials.headers, "User-Agent": f"contract-tests/{VERSION} (load)"}
        prepared = case.as_transport_kwargs(base_url=TARGET.url, headers=headers)
        answer = self.client.request(name=operation.id, allow_redirects=False, catch_response=True, **prepared)
        with answer as caught:
            if caught.status_code == 0:
                return None
            caught.success()  # what Locust takes for an error may be what the contract asks for
        response = Response.from_any(caught)
        for broken in self.judge.judge(operation, self.place, case, response).broken:
            self._breaks(broken.requirement, f"expected {broken.expected}, got {broken.got}")
        return response

    def _breaks(self, requirement: str, what: str) -> None:
        self.environment.events.request.fire(
            request_type=RULE, name=requirement, response_time=0, response_length=0, exception=Broken(what), context={}
        )


def begin(**_: Any) -> None:
    """Let the time of the load begin now: gevent's clock stands where it last waited, before all was imported."""
    time.sleep(0)


def write(environment: Environment, **_: Any) -> None:
    """Write what all processes have counted; the one that has it all does."""
    if isinstance(environment.runner, WorkerRunner):
        return
    stats = environment.stats
    seconds = max((stats.last_request_timestamp or 0) - (stats.start_time or 0), 0.001)
    result = {
        "seconds": round(seconds, 3),
        "requests": list(_requests(environment)),
        "broken": [_error(one) for one in stats.errors.values() if one.method == RULE],
        "failures": [_error(one) for one in stats.errors.values() if one.method != RULE],
    }
    PLAN.folder.mkdir(parents=True, exist_ok=True)
    (PLAN.folder / RESULT).write_text(json.dumps(result, indent=2) + "\n")


def _requests(environment: Environment) -> Iterator[dict[str, Any]]:
    entries = [one for one in environment.stats.entries.values() if one.method != RULE]
    for entry in sorted(entries, key=lambda one: str(one.name)):
        at = {f"p{share * 100:g}": entry.get_response_time_percentile(share) for share in PERCENTILES}
        yield {"operation": entry.name, "count": entry.num_requests, "failed": entry.num_failures, "milliseconds": at}


def _error(error: Any) -> dict[str, Any]:
    return {"name": error.name, "what": str(error.error), "count": error.occurrences}


events.init.add_listener(begin)  # type: ignore[no-untyped-call]
events.quitting.add_listener(write)  # type: ignore[no-untyped-call]
