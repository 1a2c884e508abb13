"""What holds in every answer and OpenAPI cannot say, as schemathesis checks: they look at one answer, never at history.

A check returns True when it does not apply to the answer, as schemathesis has it, None when it holds, and raises
`RuleBroken` otherwise.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any

from schemathesis import Case, CheckContext, Response
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import Failure

from contract import Contract, Operation
from contract_tests.running.target import HostName

RuledCheck = tuple[tuple[str, ...], CheckFunction]
"""A check with the requirements that it judges, the first of them charged when nothing says otherwise."""


UUID_KEY = "libvirt.uuid"
"""The property that names the machine to the hypervisor (openapi.yaml: importInstance)."""


class RuleBroken(Failure):
    """An answer that breaks a rule: its requirement, what is expected, what came.

    `label` is the engine's own name of the operation; it tells equal failures of two operations apart.
    """

    def __init__(self, requirement: str, expected: str, got: str, *, label: str | None = None) -> None:
        super().__init__(operation=label, title=requirement, message=f"expected {expected}, got {got}")
        self.requirement = requirement
        self.expected = expected
        self.got = got


def text_of(response: Response) -> str:
    """What an answer says. It should be UTF-8 (representation.media-type); what is not is shown as �."""
    return response.content.decode("utf-8", "replace")


def parse(response: Response) -> Any:
    """The JSON of an answer; None when there is none."""
    return parsed(response.content)


def parsed(content: bytes) -> Any:
    """The JSON of a body in UTF-8; None when it is none, as with NaN or Infinity."""
    try:
        return json.loads(content.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


class Representations:
    """Where the contract shows an instance, and what its members are called there (`x-role`)."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.members = self._roles_of_instance()
        self.property_members = self._roles_of_property()

    @property
    def reading(self) -> Operation:
        """The operation that shows an instance: a GET whose answer is its representation."""
        operations = self._contract.operations.values()
        return next(one for one in operations if one.method == "GET" and self.is_shown(one, one.success))

    def is_shown(self, operation: Operation, status: int) -> bool:
        """Whether the body of this answer is the representation of an instance."""
        documented = operation.responses.get(status)
        if documented is None or not 200 <= status < 300 or documented.schema is None:
            return False
        return {"state", "organization"} <= self._contract.document.members(documented.schema).keys()

    def read(self, body: Any, role: str) -> Any:
        """The member of a representation that has this role; None when it is missing."""
        return body.get(self.members.get(role, role)) if isinstance(body, dict) else None

    def properties(self, body: Any) -> list[tuple[str, str]]:
        """The properties of a representation as pairs; those that are none are left out."""
        return self.pairs(self.read(body, "properties"))

    def pairs(self, rows: Any) -> list[tuple[str, str]]:
        """A list of properties as the API writes them, as pairs."""
        key, value = self.property_members["key"], self.property_members["value"]
        rows = rows if isinstance(rows, list) else []
        pairs = [(row.get(key), row.get(value)) for row in rows if isinstance(row, dict)]
        return [(key, value) for key, value in pairs if isinstance(key, str) and isinstance(value, str)]

    def machine(self, rows: Any) -> str | None:
        """The machine that a list of properties names; None when it names none."""
        return dict(self.pairs(rows)).get(UUID_KEY)

    def property_list(self, properties: Mapping[str, str]) -> list[dict[str, str]]:
        """Properties as the API writes them."""
        key, value = self.property_members["key"], self.property_members["value"]
        return [{key: name, value: content} for name, content in properties.items()]

    def _roles_of_instance(self) -> Mapping[str, str]:
        for operation in self._contract.operations.values():
            if self.is_shown(operation, operation.success):
                return self._contract.document.members(operation.responses[operation.success].schema or {})
        return {}

    def _roles_of_property(self) -> Mapping[str, str]:
        for operation in self._contract.operations.values():
            if operation.body is not None:
                items = self._contract.document.resolve(operation.body.schema).get("items")
                roles = self._contract.document.members(items) if items else {}
                if "key" in roles:
                    return roles
        return {"key": "key", "value": "value"}


class AnswerChecks:
    """The checks for answers of one operation on one host; `claims` tells whether the server has a feature."""

    def __init__(self, contract: Contract, claims: Callable[[str | None], bool]) -> None:
        self._contract = contract
        self._lifecycle = contract.lifecycle
        self._claims = claims
        self._shown = Representations(contract)

    def for_call(self, operation: Operation, host: HostName) -> list[RuledCheck]:
        """Each with the requirement that it judges."""

        def representation(judge: Callable[[Any], None]) -> CheckFunction:
            def run(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
                body = parse(response)
                if not self._shown.is_shown(operation, response.status_code) or not isinstance(body, dict):
                    return True
                judge(body)
                return None

            return run

        def no_server_error(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
            if response.status_code >= 500 and response.status_code != 503:
                got = f"{response.status_code} {_start(text_of(response))}"
                raise RuleBroken("robustness.no-server-error", "no 5xx, whatever is sent", got)
            return None

        checks: list[RuledCheck] = [
            (("robustness.no-server-error",), no_server_error),
            (("representation.names-of-path",), representation(lambda body: self._names(body, host))),
            (("representation.known-state",), representation(self._state)),
            (("properties.unique-keys",), representation(self._unique_keys)),
        ]
        if operation.feature == "vnc":
            checks.append((("console.values",), self._console_check(operation)))
        if self._claims("agent"):
            checks.append((("agent.down-unless-running",), self._agent_check(operation)))
        lock = self._lifecycle.lock
        if lock and self._claims(lock.feature):
            checks.append((("lock.shown",), representation(self._locked)))
        return checks

    def _names(self, body: Any, host: HostName) -> None:
        for role, name in zip(("organization", "environment", "host"), host.names, strict=True):
            shown = self._shown.read(body, role)
            if shown is not None and shown != name:  # one that is missing is charged as such
                member = self._shown.members.get(role, role)
                raise RuleBroken("representation.names-of-path", f"{member} {name!r}, as in the path", repr(shown))

    def _state(self, body: Any) -> None:
        states = [name for name, state in self._lifecycle.states.items() if state.kind != "absent"]
        if (state := self._shown.read(body, "state")) not in states:
            raise RuleBroken("representation.known-state", f"a state that is one of {', '.join(states)}", repr(state))

    def _unique_keys(self, body: Any) -> None:
        counts = Counter(key for key, _ in self._shown.properties(body))
        twice = [key for key, count in counts.items() if count > 1]
        if twice:
            raise RuleBroken("properties.unique-keys", "each key once", f"{twice[0]!r} {counts[twice[0]]} times")

    def _locked(self, body: Any) -> None:
        if not isinstance(locked := self._shown.read(body, "locked"), bool):
            got = "no such member" if locked is None else repr(locked)
            raise RuleBroken("lock.shown", f"{self._shown.members.get('locked', 'locked')}: true or false", got)

    def _console_check(self, operation: Operation) -> CheckFunction:
        documented = operation.responses.get(operation.success)
        member = self._contract.document.members((documented and documented.schema) or {}).get("hostname", "hostname")

        def console_host_is_plain(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
            body = parse(response)
            name = body.get(member) if response.status_code == operation.success and isinstance(body, dict) else None
            if not isinstance(name, str) or ":" not in name:
                return True  # what else a name may hold is in the schema
            try:
                ip_address(name)
            except ValueError:
                raise RuleBroken("console.values", f"{member}: a plain name or address", repr(name)) from None
            return None

        return console_host_is_plain

    def _agent_check(self, operation: Operation) -> CheckFunction:
        def agent_down_unless_running(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
            body = parse(response)
            state = self._lifecycle.states.get(str(self._shown.read(body, "state")))
            if not self._shown.is_shown(operation, response.status_code) or state is None or state.guest_runs:
                return True
            agent = self._shown.read(body, "agent")
            if agent == "Up":
                member = self._shown.members.get("agent", "agent")
                raise RuleBroken("agent.down-unless-running", f"{member} Down in {state.name}", repr(agent))
            return None

        return agent_down_unless_running


def _start(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:120]}…"
