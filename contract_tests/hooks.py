"""For those who run `st run openapi.yaml` themselves: our checks, on one host, from known states.

    SCHEMATHESIS_HOOKS=contract_tests.hooks CONTRACT_HOST=ORG/ENV/HOST st run openapi.yaml --url URL

Importing this module registers everything (docs/contract-tests.md says what). It is for the command line of
schemathesis only; nothing else imports it.
"""

from __future__ import annotations

import atexit
import os
import sys
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, Response
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.hooks import HookContext

from contract import ContractError
from contract_tests.hook_visit import Call, Visit
from contract_tests.judging import cells, compare
from contract_tests.judging.answer_checks import RuleBroken
from contract_tests.judging.body_rules import KEPT, BodyRules
from contract_tests.running.outcomes import ExitCode
from contract_tests.running.target import TargetError
from contract_tests.sending.api import bind

UNKNOWN_QUERY = {
    "name": "x-contract-tests",
    "in": "query",
    "description": "Nobody knows it: http.unknown-query. It is what is drawn for operations without a body.",
    "schema": {"type": "string", "maxLength": 8},
}

SUPERSEDED = (
    "not_a_server_error",  # 503 with Retry-After is lawful; contract_answer says it exactly
    "positive_data_acceptance",  # knows neither x-unique-by nor where the host is; contract_state does
    "negative_data_rejection",  # likewise
    "use_after_free",  # does not see that an import, one level below, brings the instance back
    "ensure_resource_availability",  # does not see that a forget removes it
    "ignored_auth",  # silent where `security` allows an open server
    "missing_required_header",  # no operation declares a request header
    "allow_header_conformance",  # HEAD and OPTIONS are lawful in Allow whether the document has them or not
)
"""Checks of schemathesis that are wrong for this API, or said better by ours; each with the reason."""

SECRETS = ("authorization", "x-comodit-appkey", "cookie", "set-cookie", "password", "passwd", "secret")


def _visit() -> Visit:
    """The visit that the environment describes. A mistake in it ends the run with one line and exit code 2."""
    try:
        return Visit(os.environ)
    except (TargetError, ContractError) as error:
        print(f"contract_tests.hooks: {error}", file=sys.stderr)  # noqa: T201 - the engine would show a traceback
        raise SystemExit(ExitCode.USAGE) from None


VISIT = _visit()


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Write the host's path out in the document, so that no other can be drawn."""
    if VISIT.busy or VISIT.navigator is not None:
        return
    bind(raw_schema, VISIT.host)
    for item in raw_schema["paths"].values():
        item["parameters"] = [*item.get("parameters", ()), UNKNOWN_QUERY]


@schemathesis.hook
def after_load_schema(context: HookContext, schema: Any) -> None:
    """Settings that this API needs, and a first look at the server."""
    if VISIT.busy or VISIT.navigator is not None:
        return
    config = schema.config
    config.checks.update(excluded_check_names=list(SUPERSEDED))
    config.phases.stateful.enabled = False  # it follows links and knows no state; contract-tests walks by the table
    config.workers = 1  # one host has one history
    # a property's key is no secret, and curl lines without it repeat nothing
    config.output.sanitization.keys_to_sanitize = config.output.sanitization.sensitive_markers = SECRETS
    VISIT.meet(schema.get_base_url())
    atexit.register(VISIT.leave)


if VISIT.credentials.headers:

    @schemathesis.auth()
    class Credentials:
        """What the environment gives to be let in."""

        def get(self, *_: object) -> dict[str, str]:
            """The headers."""
            return dict(VISIT.credentials.headers)

        def set(self, case: Case[Any], data: dict[str, str], _: object) -> None:
            """Put them into a request."""
            case.headers.update(data)


@schemathesis.hook
def map_body(context: HookContext, body: Any) -> Any:
    """Leave each key once: JSON Schema cannot say that they are unique, so valid lists would often be refused."""
    if VISIT.busy or not isinstance(body, list) or not all(isinstance(row, dict) for row in body):
        return body
    key = VISIT.navigator.shown.property_members["key"] if VISIT.navigator else "key"
    named = {repr(row.get(key)): row for row in body}
    return list(named.values())


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Bring the host into a known state."""
    if not VISIT.busy:
        VISIT.before(case)


@schemathesis.hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
    """Note what the call left behind."""
    if not VISIT.busy:
        VISIT.after(case, response)


@schemathesis.check
def contract_answer(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """What holds in every answer: the document, the error's shape, no 5xx but 503, names, keys, agent, lock, Allow."""
    call = VISIT.call_of(case)
    if call is None:
        return True
    with VISIT.own():
        judgement = VISIT.judge.judge(call.operation, VISIT.host, case, response, declared=call.declared)
    _raise([_broken(case, one.requirement, one.expected, one.got) for one in judgement.broken])
    return None


@schemathesis.check
def contract_state(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """What the state of the instance allows: a legal trigger with a good body is accepted, an illegal one refused."""
    call, status = VISIT.call_of(case), response.status_code
    if call is None or call.before is None or not call.declared or status >= 500:
        return True
    statuses, rule = _lawful(call, case)
    # which 2xx it is, is judged by contract_answer
    if status not in statuses and not (200 <= status < 300 and call.operation.success in statuses):
        where = f"{call.operation.id} in {call.before.state}"
        raise _broken(case, rule, f"{' or '.join(map(str, statuses))} for {where}", str(status))
    return None


def _lawful(call: Call, case: Case[Any]) -> tuple[tuple[int, ...], str]:
    operation, contract, state = call.operation, VISIT.contract, call.before.state if call.before else ""
    absent = state == contract.lifecycle.absent
    if operation.trigger is None:
        if absent:
            return (404,), cells.NO_INSTANCE
        legal = operation.legal_in is None or state in operation.legal_in
        return ((operation.success,), cells.success(operation)[0]) if legal else ((409,), "console.refused")
    if contract.lifecycle.edge(state, operation.trigger) is None:
        return (404,) if absent else (409,), cells.refused(contract, operation, state)[0]
    if operation.body is None:
        return (operation.success,), cells.leads(contract, operation)[0]
    expected = BodyRules(contract, operation).expected(case)
    return expected.statuses, expected.rule


@schemathesis.check
def contract_refusal_changes_nothing(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """A refused request changes nothing: neither the state, nor a lasting property, nor the lock."""
    call, status = VISIT.call_of(case), response.status_code
    if call is None or call.before is None or VISIT.navigator is None or status < 400:
        return True
    after = VISIT.look()
    difference = compare.changed(VISIT.navigator.shown, call.before, after) if after else None
    if difference:
        rule = {409: cells.UNCHANGED, 400: "refused.bad-body", 413: "refused.bad-body", 415: "refused.bad-body"}
        raise _broken(case, rule.get(status, "refused.others"), "the instance as it was", difference)
    return None


@schemathesis.check
def contract_properties_kept(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """Imported properties are shown, in the answer and by GET, character by character."""
    call = VISIT.call_of(case)
    if call is None or VISIT.navigator is None or not isinstance(case.body, list) or response.status_code != 200:
        return True
    shown, after = VISIT.navigator.shown, VISIT.look()
    sent = dict(shown.pairs(case.body))
    lasting = {key: value for key, value in sent.items() if not key.startswith(compare.VOLATILE)}
    now = shown.properties(after.body) if after else list(lasting.items())
    for expected, rows, where in ((sent, shown.properties(_json(response)), "the answer"), (lasting, now, "GET")):
        missing = [pair for pair in expected.items() if pair not in rows]
        if missing:
            raise _broken(case, KEPT, "every property as it was sent", f"{where} without {missing[0]!r}")
    return None


@schemathesis.check
def contract_way(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """What went wrong on the way from state to state, between the calls: each fault once."""
    found = VISIT.new_findings()
    _raise([_broken(case, one.requirements[0], one.expected, f"{one.got} ({one.what})") for one in found])


def _json(response: Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _broken(case: Case[Any], requirement: str, expected: str, got: str) -> RuleBroken:
    return RuleBroken(requirement, expected, got, label=case.operation.label)


def _raise(failures: list[RuleBroken]) -> None:
    if failures:
        group: list[Failure] = list(failures)
        raise FailureGroup(group) from None
