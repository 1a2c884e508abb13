"""Servers that are each wrong in one way, with the requirements that must go red for each of them.

A fault is a function: it gets a call and a way to pass it on to the conforming server, and answers.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contract import load_contract
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal


@dataclass(frozen=True, slots=True)
class Fault:
    """A wrong server. `make` gives a fresh one, because some remember; `requirements` must fail on it."""

    name: str
    requirements: frozenset[str]
    make: Callable[[], Change]


FAULTS: dict[str, Fault] = {}


def fault(*requirements: str) -> Callable[[Callable[[], Change]], Callable[[], Change]]:
    """Register a fault with what it breaks; its name is that of the function that makes it."""

    def register(make: Callable[[], Change]) -> Callable[[], Change]:
        name = make.__name__.replace("_", "-")
        FAULTS[name] = Fault(name, frozenset(requirements), make)
        return make

    return register


def _free_state(call: Call, forward: Forward) -> str | None:
    """The state of the instance; None without one, and when it is locked: a fault shall not break the lock as well."""
    shown = forward(call.at("", "GET"))
    return shown.value["state"] if shown.status == 200 and not shown.value["locked"] else None


def _showing(change: Callable[[dict[str, Any]], Any]) -> Change:
    """A fault in every representation that is shown."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 200 and honest.body and "synapseState" in honest.value:
            shown = honest.value
            change(shown)
            return honest.saying(shown)
        return honest

    return answer


def _on(method: str, action: str, instead: Change) -> Change:
    """A fault in one operation."""
    return lambda call, forward: (instead if (call.method, call.action) == (method, action) else _honest)(call, forward)


def _honest(call: Call, forward: Forward) -> Answer:
    return forward(call)


def _in_refusals(change: Callable[[Answer], Answer]) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return change(honest) if honest.status >= 400 else honest

    return answer


# ---- where actions lead


@fault("lifecycle.pause-leads")
def pause_switches_off() -> Change:
    """A pause that leads to STOPPED."""
    return _on("PUT", "_pause", lambda call, forward: forward(call.at("_off")))


@fault("lifecycle.resume-leads")
def resume_does_nothing() -> Change:
    """A resume that is accepted and forgotten."""

    def answer(call: Call, forward: Forward) -> Answer:
        return Answer(202) if _free_state(call, forward) == "PAUSED" else forward(call)

    return _on("PUT", "_resume", answer)


@fault("lifecycle.delete-leads")
def delete_keeps_the_instance() -> Change:
    """A delete that is accepted and forgotten."""

    def answer(call: Call, forward: Forward) -> Answer:
        return Answer(204) if _free_state(call, forward) == "RUNNING" else forward(call)

    return _on("DELETE", "", answer)


@fault("lifecycle.path")
def start_goes_back() -> Change:
    """After a start: RUNNING, then STOPPED once more, then RUNNING for good."""
    looks: dict[str, int] = defaultdict(lambda: 9)

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if (call.method, call.action) == ("PUT", "_start") and honest.status == 202:
            looks[call.root] = 0
        if (call.method, call.action) == ("GET", ""):
            looks[call.root] += 1
            if looks[call.root] == 2:
                return honest.saying({**honest.value, "state": "STOPPED", "synapseState": "Down"})
        return honest

    return answer


@fault("lifecycle.forget-keeps-machine")
def forget_deletes_the_machine() -> Change:
    """A forget that is a delete."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call.at("", "DELETE"))
        return Answer(202) if honest.status == 204 else honest

    return _on("PUT", "_forget", answer)


@fault("operations.stop-is-shutdown")
def alias_is_missing() -> Change:
    """A server that never heard of _stop."""
    return lambda call, forward: refusal(404, "no such path") if call.action == "_stop" else forward(call)


@fault(
    "operations.offered",
    "operations.forget-code",
    "operations.import-code",
    "operations.stop-is-shutdown",
    "lock.sets",
)
def nothing_can_be_changed() -> Change:
    """404 for every write that the contract has."""
    writes = {
        (operation.method, operation.path.rpartition("/")[2]) for operation in load_contract().operations.values()
    }

    def answer(call: Call, forward: Forward) -> Answer:
        is_write = call.method != "GET" and (call.method, call.action or "instance") in writes
        return refusal(404, "nothing here") if is_write else forward(call)

    return answer


# ---- what is refused


@fault("lifecycle.start-refused")
def start_is_accepted_while_running() -> Change:
    """A start of what runs: 202, and nothing happens."""

    def answer(call: Call, forward: Forward) -> Answer:
        return Answer(202) if _free_state(call, forward) == "RUNNING" else forward(call)

    return _on("PUT", "_start", answer)


@fault("lifecycle.provision-refused", "operations.provision-code")
def provision_is_accepted_twice() -> Change:
    """A provision of a host with an instance shows that instance."""

    def answer(call: Call, forward: Forward) -> Answer:
        exists = _free_state(call, forward) is not None
        return forward(call.at("", "GET")) if exists else forward(call)

    return _on("POST", "", answer)


@fault("refused.illegal-trigger")
def refused_resume_starts_the_machine() -> Change:
    """A resume in STOPPED says 409, and starts the machine."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 409:
            forward(call.at("_start"))
        return honest

    return _on("PUT", "_resume", answer)


@fault("errors.no-instance", "lifecycle.forget-refused")
def conflict_without_an_instance() -> Change:
    """409 where there is no instance."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return refusal(409, "no instance") if honest.status == 404 and call.method == "PUT" else honest

    return answer


@fault("lock.refuses-triggers")
def lock_locks_nothing() -> Change:
    """`locked` is shown, and everything goes on."""
    locked: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        if call.action in ("lock", "unlock"):
            honest = forward(call.at("unlock"))
            if honest.status != 200:
                return honest
            (locked.add if call.action == "lock" else locked.discard)(call.root)
            return honest.saying({**honest.value, "locked": call.root in locked})
        honest = forward(call)
        if honest.status == 200 and honest.body and "locked" in honest.value:
            return honest.saying({**honest.value, "locked": call.root in locked})
        return honest

    return answer


@fault("refused.bad-body")
def refused_import_makes_an_instance() -> Change:
    """A bad import says 400, and makes an instance without properties."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 400:
            forward(_with_body(call, []))
        return honest

    return _on("POST", "properties", answer)


@fault(
    "errors.refused-by-schema",
    "errors.not-json",
    "properties.members-refused",
    "properties.bounds-refused",
    "properties.repeated-key-refused",
)
def import_takes_anything() -> Change:
    """A bad import is taken as one without properties."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return forward(_with_body(call, [])) if honest.status == 400 else honest

    return _on("POST", "properties", answer)


def _with_body(call: Call, value: Any) -> Call:
    return Call(call.method, call.path, call.query, json.dumps(value).encode(), call.environ)


@fault("http.unknown-query")
def unknown_queries_are_refused() -> Change:
    """400 for a query parameter."""
    return lambda call, forward: refusal(400, "no parameters, please") if call.query else forward(call)


# ---- codes and shapes


@fault(
    "operations.action-code",
    "operations.action-code-by-analogy",
    "operations.forget-code",
    "operations.stop-is-shutdown",
)
def actions_answer_200() -> Change:
    """200 instead of 202."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return Answer(200, b"{}", (("Content-Type", "application/json"),)) if honest.status == 202 else honest

    return answer


@fault("operations.delete-code")
def delete_answers_200() -> Change:
    """200 and a word instead of 204."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return honest.saying({"deleted": True}, 200) if honest.status == 204 and call.method == "DELETE" else honest

    return answer


@fault("operations.provision-code")
def provision_answers_201() -> Change:
    """201 instead of 200."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return honest.saying(honest.value, 201) if honest.status == 200 else honest

    return _on("POST", "", answer)


@fault("errors.shape")
def error_is_a_string() -> Change:
    """`{"error": "message"}`: the client would print it letter by letter."""
    return _in_refusals(lambda answer: answer.saying({"error": answer.value["error"][0]}) if answer.body else answer)


@fault("errors.messages")
def error_says_nothing() -> Change:
    """`{"error": []}`."""
    return _in_refusals(lambda answer: answer.saying({"error": []}) if answer.body else answer)


@fault("robustness.no-server-error")
def bad_json_breaks_the_server() -> Change:
    """500 for a body that is not JSON."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        broken = honest.status == 400 and b"JSON" in honest.body
        return honest.saying({"error": ["Internal Server Error"]}, 500) if broken else honest

    return answer


@fault("errors.method-not-allowed")
def allow_is_missing() -> Change:
    """405 without Allow."""
    return _in_refusals(lambda answer: answer.without("Allow") if answer.status == 405 else answer)


@fault("representation.media-type")
def json_is_called_html() -> Change:
    """JSON as text/html."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        media_type = (("Content-Type", "text/html; charset=utf-8"),) if honest.body else ()
        return Answer(honest.status, honest.body, (*honest.without("Content-Type").headers, *media_type))

    return answer


@fault("http.slash")
def slash_is_redirected() -> Change:
    """308 for a path with a slash at its end."""

    def answer(call: Call, forward: Forward) -> Answer:
        if call.path.endswith("/"):
            return Answer(308, b"", (("Location", call.path.rstrip("/")),))
        return forward(call)

    return answer


@fault("http.head")
def head_is_refused() -> Change:
    """405 for HEAD."""
    return lambda call, forward: Answer(405, b"", (("Allow", "GET"),)) if call.method == "HEAD" else forward(call)


@fault("operations.documented-answers")
def everything_conflicts() -> Change:
    """409, whatever is asked."""
    return lambda _, __: refusal(409, "no")


# ---- what is shown


@fault("representation.names-of-path")
def names_are_lower_case() -> Change:
    """The organization in lower case."""
    return _showing(lambda shown: shown.update(organization=shown["organization"].lower()))


@fault("representation.known-state")
def states_are_lower_case() -> Change:
    """`paused` instead of PAUSED."""
    return _showing(lambda shown: shown.update(state=shown["state"].replace("PAUSED", "paused")))


@fault("representation.complete")
def agent_is_not_shown() -> Change:
    """No synapseState."""
    return _showing(lambda shown: shown.pop("synapseState"))


@fault("agent.down-unless-running")
def agent_is_up_while_paused() -> Change:
    """The agent of a paused machine is Up."""
    return _showing(lambda shown: shown.update(synapseState="Up") if shown["state"] == "PAUSED" else None)


@fault("properties.unique-keys")
def a_key_is_shown_twice() -> Change:
    """The first property stands twice."""
    return _showing(lambda shown: shown["properties"].extend(shown["properties"][:1]))


@fault("properties.kept")
def start_loses_a_property() -> Change:
    """After a start the machine has no mac any more."""
    started: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if (call.method, call.action) == ("PUT", "_start") and honest.status == 202:
            started.add(call.root)
        if honest.status == 204:
            started.discard(call.root)
        if call.root in started and (call.method, call.action, honest.status) == ("GET", "", 200):
            left = [row for row in honest.value["properties"] if row["key"] != "mac"]
            return honest.saying({**honest.value, "properties": left})
        return honest

    return answer


@fault("properties.values-kept")
def values_are_trimmed() -> Change:
    """Spaces in a value are lost."""

    def trim(shown: dict[str, Any]) -> None:
        for row in shown["properties"]:
            row["value"] = row["value"].replace(" ", "")

    return _showing(trim)


@fault("identity.new-on-provision")
def every_machine_has_the_same_mac() -> Change:
    """One mac for all."""

    def same(shown: dict[str, Any]) -> None:
        for row in shown["properties"]:
            row["value"] = "00:50:56:00:00:01" if row["key"] == "mac" else row["value"]

    return _showing(same)


@fault("lock.shown")
def locked_is_not_shown() -> Change:
    """A server with a lock that does not show it."""
    return _showing(lambda shown: shown.pop("locked"))


@fault("console.strings")
def port_is_a_number() -> Change:
    """The port of the console as a number."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return honest.saying({**honest.value, "port": int(honest.value["port"])}) if honest.status == 200 else honest

    return _on("GET", "vnc", answer)


@fault("console.refused")
def console_of_a_stopped_machine() -> Change:
    """An access to the console in every state."""
    access = {"token": "t", "hostname": "hypervisor", "port": "5900"}

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return honest.saying(access, 200) if honest.status == 409 else honest

    return _on("GET", "vnc", answer)
