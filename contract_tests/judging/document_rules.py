"""Holds an answer against the document, through schemathesis, and says which requirements it shows kept or broken.

A failure is charged to the most specific requirement that fits it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from schemathesis import Case, CheckContext, Response
from schemathesis.checks import CheckFunction
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.openapi.checks import JsonSchemaError, MissingHeaders, UndefinedStatusCode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from contract import Contract, Operation
from contract_tests.judging.answer_checks import AnswerChecks, Representations, RuleBroken, RuledCheck, parse, text_of
from contract_tests.running.target import HostName

# Of schemathesis's other checks, with the reason why this API cannot use them:
# - not_a_server_error: 503 with Retry-After is lawful; `robustness.no-server-error` says it exactly;
# - positive_data_acceptance, negative_data_rejection: they do not know x-unique-by, nor in which state the host is;
#   contract_tests.sending.generated judges acceptance by the contract's own validator, from a known state;
# - use_after_free: does not see that an import, one level below, brings the instance back;
# - ensure_resource_availability: does not see that a forget removes it;
# - ignored_auth: silent where `security` allows an open server, and wrong with credentials in the session;
# - missing_required_header: no operation declares a request header;
# - allow_header_conformance: HEAD and OPTIONS are lawful in Allow whether the document has them or not.

DOCUMENTED, NOT_ALLOWED = "operations.documented-answers", "errors.method-not-allowed"
MEDIA_TYPE = "representation.media-type"

SUCCESS: dict[str, str] = {
    "getInstance": "operations.get-shows-instance",
    "provisionInstance": "operations.provision-code",
    "deleteInstance": "operations.delete-code",
    "importInstance": "operations.import-code",
    "startInstance": "operations.action-code",
    "pauseInstance": "operations.action-code",
    "resumeInstance": "operations.action-code",
    "powerOffInstance": "operations.action-code",
    "shutdownInstance": "operations.action-code-by-analogy",
    "rebootInstance": "operations.action-code-by-analogy",
    "stopInstance": "operations.stop-is-shutdown",
    "forgetInstance": "operations.forget-code",
    "getVnc": "console.access",
    "lockInstance": "lock.sets",
    "unlockInstance": "lock.sets",
}
"""The requirement about the success code of an operation; `DOCUMENTED` for one that is not here."""

ANSWERS: dict[str, str] = {
    "provisionInstance": "operations.provision-answers-representation",
    "lockInstance": "lock.answers-representation",
    "unlockInstance": "lock.answers-representation",
}
"""The requirement about what an accepted operation answers, where that of its code does not say it."""

HEADERS = {
    401: "auth.challenge",
    405: NOT_ALLOWED,
    429: "errors.retry-after",
    503: "errors.retry-after",
}
"""The requirement about the headers of an answer."""

ALWAYS = (
    DOCUMENTED,
    "robustness.no-server-error",
    MEDIA_TYPE,
    "errors.shape",
    "errors.messages",
    "representation.complete",
    "representation.names-of-path",
    "representation.known-state",
    "properties.unique-keys",
    "agent.down-unless-running",
    "lock.shown",
    "http.slash",
    "console.strings",
    "console.values",
    *HEADERS.values(),
    *SUCCESS.values(),
)
"""The requirements that are judged in every answer of every check."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that an answer breaks."""

    requirement: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one answer shows."""

    held: tuple[str, ...]
    broken: tuple[Broken, ...]


class Judge:
    """Judges answers by the document and by the rules that hold in every answer."""

    def __init__(self, contract: Contract, claims: Callable[[str | None], bool]) -> None:
        self._contract = contract
        self._own = AnswerChecks(contract, claims)
        self._shown = Representations(contract)

    def judge(
        self, operation: Operation, host: HostName, case: Case[Any], response: Response, *, declared: bool = True
    ) -> Judgement:
        """What the answer to this case shows. `declared` False: the method is none of the path's."""
        found_by = run_checks(case, response, self._of_method(operation)) if not declared else []
        # the engine holds no answer to an undeclared method against the document; an error is one to a declared, then
        plain = case if declared else case.operation.Case()
        has_shape = declared or (response.status_code >= 400 and response.request.method != "HEAD")
        checks = [*(self._built_in(operation, response) if has_shape else ()), *self._own.for_call(operation, host)]
        held: list[str] = []
        broken: dict[str, Broken] = {}
        for requirements, failures in [*found_by, *run_checks(plain, response, checks)]:
            if not failures:
                held.extend(requirements)
            for failure in failures:
                found = self._charge(operation, response, requirements[0], failure)
                broken.setdefault(found.requirement, found)
        if "robustness.no-server-error" in broken:  # a 5xx is one fault, not one for each thing that it lacks
            broken = {"robustness.no-server-error": broken["robustness.no-server-error"]}
        if DOCUMENTED in broken and "http.slash" in broken:
            del broken[DOCUMENTED]
        kept = [requirement for requirement in dict.fromkeys(held) if requirement not in broken]
        return Judgement(tuple(kept), tuple(broken.values()))

    def _of_method(self, operation: Operation) -> Iterator[RuledCheck]:
        has = {one.method for one in self._contract.operations.values() if one.path == operation.path}

        def lists_methods(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
            if response.status_code != 405:
                return True
            allow = ", ".join(response.headers.get("allow") or [])
            if missing := has - {word.strip().upper() for word in allow.split(",")}:
                expected = f"405 with {', '.join(sorted(missing))} in Allow"
                raise RuleBroken(NOT_ALLOWED, expected, f"Allow: {allow}" if allow else "405 without Allow")
            return None

        yield (NOT_ALLOWED,), unsupported_method
        yield (NOT_ALLOWED,), lists_methods

    def _built_in(self, operation: Operation, response: Response) -> Iterator[RuledCheck]:
        status = response.status_code
        documented = operation.responses.get(status)
        yield (DOCUMENTED,), status_code_conformance
        if documented is None:
            return
        if documented.schema is None:
            if response.content:
                yield (SUCCESS.get(operation.id, DOCUMENTED),), _no_content
            return
        if not response.content and response.request.method != "HEAD":
            yield (_rule_of_content(operation.id, status),), _nothing_said
            return
        yield (MEDIA_TYPE,), content_type_conformance
        if documented.headers:
            yield (HEADERS.get(status, DOCUMENTED),), response_headers_conformance
        if content_type_is_json(response):
            if parse(response) is None and text_of(response).strip() != "null":
                yield (MEDIA_TYPE,), _no_json
            else:
                yield self._shape_rules(operation, status), response_schema_conformance

    def _shape_rules(self, operation: Operation, status: int) -> tuple[str, ...]:
        if status >= 400:
            return ("errors.shape", "errors.messages")
        if self._shown.is_shown(operation, status):
            return ("representation.complete", SUCCESS.get(operation.id, DOCUMENTED))
        if operation.feature == "vnc":
            return ("console.strings", "console.values", "console.access")
        return (SUCCESS.get(operation.id, DOCUMENTED),)

    def _charge(self, operation: Operation, response: Response, requirement: str, failure: Failure) -> Broken:
        status = response.status_code
        match failure:
            case RuleBroken():
                return Broken(failure.requirement, failure.expected, failure.got)
            case UndefinedStatusCode():
                return _charge_status(operation, response)
            case JsonSchemaError():
                return self._charge_schema(operation, status, failure, requirement)
            case MissingHeaders():
                names = ", ".join(failure.missing_headers)
                return Broken(requirement, f"{status} with the header {names}", f"{status} without it")
        return Broken(requirement, _first_line(failure.title), _first_line(failure.message))

    def _charge_schema(self, operation: Operation, status: int, failure: JsonSchemaError, requirement: str) -> Broken:
        place = [str(step) for step in failure.instance_path]
        if failure.title != JsonSchemaError.kind_title and "header" in failure.title.lower():
            return Broken(requirement, "a header as documented", _first_line(failure.validation_message))
        got = _first_line(failure.validation_message)
        got = f"{'.'.join(place)}: {got}" if place else got
        if status >= 400:
            deeper = len(place) > 1 or (place and failure.schema_path and failure.schema_path[-1] == "minItems")
            charged = "errors.messages" if deeper else "errors.shape"
            return Broken(charged, 'an error: {"error": ["message", ...]}', got)
        if self._shown.is_shown(operation, status):
            return Broken(self._charge_instance(operation, place, failure), "the representation as documented", got)
        if operation.feature == "vnc":
            strings = isinstance(failure.instance, str)
            charged = ("console.values" if strings else "console.strings") if place else "console.access"
            return Broken(charged, "token, hostname and port as documented", got)
        return Broken(SUCCESS.get(operation.id, DOCUMENTED), "a body as documented", got)

    def _charge_whole(self, body: Any) -> str:
        """A failure of the whole object: a member is missing, or two of them do not go together."""
        core = ("organization", "environment", "host", "state", "properties", "agent")
        if any(self._shown.read(body, role) is None for role in core):
            return "representation.complete"
        if self._shown.read(body, "locked") is None:
            return "lock.shown"
        return "agent.down-unless-running"

    def _charge_instance(self, operation: Operation, place: list[str], failure: JsonSchemaError) -> str:
        role = next((role for role, name in self._shown.members.items() if [name] == place[:1]), None)
        if not place:
            return self._charge_whole(failure.instance)
        if role == "state":
            state = self._contract.lifecycle.states.get(str(failure.instance))
            if state is None or state.kind == "absent":
                return "representation.known-state"
            return SUCCESS.get(operation.id, DOCUMENTED)
        if role == "locked":
            return "lock.sets" if isinstance(failure.instance, bool) else "lock.shown"
        return "representation.complete"


def _charge_status(operation: Operation, response: Response) -> Broken:
    status = response.status_code
    if 300 <= status < 400:
        where = ", ".join(response.headers.get("location") or ["nowhere"])
        return Broken("http.slash", "an answer, never a redirect", f"{status} to {where}")
    charged = SUCCESS.get(operation.id, DOCUMENTED) if 200 <= status < 300 else DOCUMENTED
    return Broken(charged, f"one of {', '.join(map(str, sorted(operation.responses)))}", str(status))


def run_checks(
    case: Case[Any], response: Response, checks: Iterable[RuledCheck]
) -> list[tuple[tuple[str, ...], list[Failure]]]:
    """Run checks through schemathesis: the requirements of each that applies, and what it found."""
    results: list[tuple[tuple[str, ...], list[Failure]]] = []

    def noted(requirements: tuple[str, ...], check: CheckFunction) -> CheckFunction:
        def run(ctx: Any, response: Response, case: Case[Any]) -> bool | None:
            try:
                skipped = check(ctx, response, case)
            except Failure as failure:
                results.append((requirements, [failure]))
            except FailureGroup as group:
                results.append((requirements, list(group.exceptions)))
            else:
                if not skipped:
                    results.append((requirements, []))
            return None

        return run

    case.validate_response(response, checks=[noted(*ruled) for ruled in checks])
    return results


def content_type_is_json(response: Response) -> bool:
    """Whether the answer says that it is JSON, so that holding it against a schema makes sense."""
    media_type = (response.headers.get("content-type") or [""])[0].partition(";")[0].strip().lower()
    return media_type == "application/json"


def _no_content(ctx: Any, response: Response, case: Case[Any]) -> bool | None:
    raise RuleBroken(
        SUCCESS.get(case.operation.definition.raw.get("operationId", ""), DOCUMENTED),
        f"{response.status_code} without content",
        repr(parse(response) or text_of(response)[:60]),
    )


def _nothing_said(ctx: Any, response: Response, case: Case[Any]) -> bool | None:
    rule = _rule_of_content(str(case.operation.definition.raw.get("operationId", "")), response.status_code)
    raise RuleBroken(rule, f"{response.status_code} with content", "none")


def _rule_of_content(operation_id: str, status: int) -> str:
    """The requirement that an answer breaks which should say something and does not."""
    if status >= 400:
        return "errors.shape"
    return ANSWERS.get(operation_id) or SUCCESS.get(operation_id, DOCUMENTED)


def _no_json(ctx: Any, response: Response, case: Case[Any]) -> bool | None:
    raise RuleBroken(MEDIA_TYPE, "JSON in UTF-8", repr(text_of(response)[:60]))


def _first_line(text: str) -> str:
    line = " ".join(text.strip().split("\n\n")[0].split())
    return line if len(line) <= 200 else f"{line[:200]}…"
