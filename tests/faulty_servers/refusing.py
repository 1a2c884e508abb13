"""Faults in what is refused because of the state that the instance is in, and in what a refusal leaves behind."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tests.faulty_servers.faults import add, fault, free_state, on, state_of
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal

# ---- a trigger that is accepted where it is illegal: 202, and nothing happens

IDLE = (
    ("_start", "RUNNING", "lifecycle.start-refused"),
    ("_start", "PAUSED", "lifecycle.start-refused"),
    ("_start", "UNDEFINED", "lifecycle.start-refused"),
    ("_pause", "STOPPED", "lifecycle.pause-refused"),
    ("_pause", "PAUSED", "lifecycle.pause-refused"),
    ("_resume", "RUNNING", "lifecycle.resume-refused"),
    ("_resume", "STOPPED", "lifecycle.resume-refused"),
    ("_shutdown", "STOPPED", "lifecycle.shutdown-refused"),
    ("_shutdown", "PAUSED", "lifecycle.shutdown-refused"),
    ("_stop", "STOPPED", "operations.stop-is-shutdown"),
    ("_reboot", "STOPPED", "lifecycle.reboot-refused"),
    ("_reboot", "UNDEFINED", "lifecycle.reboot-refused"),
    ("_off", "STOPPED", "lifecycle.off-refused"),
    ("_off", "UNDEFINED", "lifecycle.off-refused"),
)


def _accepts(action: str, state: str, instead: str | None = None) -> Change:
    """Accept an action in a state: nothing happens then, or another action is done."""

    def answer(call: Call, forward: Forward) -> Answer:
        if free_state(call, forward) != state:
            return forward(call)
        return forward(call.at(instead)) if instead else Answer(202)

    return on("PUT", action, answer)


for _action, _state, _rule in IDLE:
    add(
        f"{_action[1:]}-is-accepted-in-{_state}",
        f"{_action} in {_state} gets 202, and nothing happens.",
        (_rule,),
        partial(_accepts, _action, _state),
    )

# ---- a trigger that does what another does, where it is illegal

MEANT = (
    ("_stop", "PAUSED", "_off", "operations.stop-is-shutdown", "is the power switch, and takes paused machines too"),
    ("_shutdown", "PAUSED", "_off", "lifecycle.shutdown-refused", "switches a paused machine off"),
    ("_reboot", "STOPPED", "_start", "lifecycle.reboot-refused", "starts what is stopped"),
    ("_start", "PAUSED", "_resume", "lifecycle.start-refused", "resumes what is paused"),
    ("_resume", "STOPPED", "_start", "lifecycle.resume-refused", "starts what is stopped"),
    ("_pause", "PAUSED", "_resume", "lifecycle.pause-refused", "is a toggle"),
)

for _action, _state, _instead, _rule, _says in MEANT:
    add(
        f"{_action[1:]}-in-{_state}-does-{_instead[1:]}",
        f"{_action} {_says}.",
        (_rule,),
        partial(_accepts, _action, _state, _instead),
    )

# ---- a trigger that is refused where it is legal

REFUSED = (
    ("PUT", "_start", "STOPPED", ("lifecycle.start-leads",)),
    ("PUT", "_pause", "RUNNING", ("lifecycle.pause-leads",)),
    ("PUT", "_resume", "PAUSED", ("lifecycle.resume-leads",)),
    ("PUT", "_shutdown", "RUNNING", ("lifecycle.shutdown-leads",)),
    ("PUT", "_stop", "RUNNING", ("operations.stop-is-shutdown",)),
    ("PUT", "_reboot", "RUNNING", ("lifecycle.reboot-leads",)),
    ("PUT", "_off", "RUNNING", ("lifecycle.off-leads",)),
    ("PUT", "_off", "PAUSED", ("lifecycle.off-leads",)),
    ("DELETE", "", "RUNNING", ("lifecycle.delete-refused",)),
    ("DELETE", "", "PAUSED", ("lifecycle.delete-refused",)),
    ("DELETE", "", "UNDEFINED", ("lifecycle.delete-refused",)),
    ("PUT", "_forget", "STOPPED", ("lifecycle.forget-refused",)),
    ("PUT", "_forget", "UNDEFINED", ("lifecycle.forget-refused",)),
)


def _refuses(method: str, action: str, state: str) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        return refusal(409, f"not while {state}") if state_of(call, forward) == state else forward(call)

    return on(method, action, answer)


for _method, _action, _state, _rules in REFUSED:
    add(
        f"{_action[1:] or 'delete'}-is-refused-in-{_state}",
        f"{_method} .../{_action or 'instance'} in {_state} gets 409.",
        _rules,
        partial(_refuses, _method, _action, _state),
    )

# ---- a refusal with another code


def _refuses_with(method: str, action: str, status: int) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        return honest.saying(honest.value, status) if honest.status == 409 else honest

    return on(method, action, answer)


@fault("lifecycle.pause-refused", "lock.refuses-triggers")
def pause_conflicts_with_400() -> Change:
    """400 for a pause in the wrong state."""
    return _refuses_with("PUT", "_pause", 400)


@fault("lifecycle.reboot-refused", "lock.refuses-triggers")
def reboot_conflicts_with_403() -> Change:
    """403 for a reboot in the wrong state."""
    return _refuses_with("PUT", "_reboot", 403)


@fault("lifecycle.provision-refused", "lock.refuses-triggers", "operations.documented-answers")
def provision_conflicts_with_422() -> Change:
    """422, which no operation has, for a second provision."""
    return _refuses_with("POST", "", 422)


# ---- what a second provision, and a second import, do to an instance that is there


@fault("lifecycle.provision-refused")
def provision_is_accepted_twice() -> Change:
    """A provision of a host whose machine is stopped shows that instance, as if it had just been made."""

    def answer(call: Call, forward: Forward) -> Answer:
        if free_state(call, forward) != "RUNNING":
            return forward(call)
        return forward(call.at("", "GET"))

    return on("POST", "", answer)


@fault("lifecycle.provision-refused")
def provision_replaces_a_stopped_machine() -> Change:
    """A provision of a host whose machine is stopped deletes it and makes another."""

    def answer(call: Call, forward: Forward) -> Answer:
        if free_state(call, forward) == "STOPPED":
            forward(call.at("", "DELETE"))
        return forward(call)

    return on("POST", "", answer)


@fault("lifecycle.import-refused")
def import_replaces_the_instance() -> Change:
    """An import into a host whose machine is unknown takes the new properties."""

    def answer(call: Call, forward: Forward) -> Answer:
        if free_state(call, forward) == "UNDEFINED":
            forward(call.at("", "DELETE"))
        return forward(call)

    return on("POST", "properties", answer)


@fault("lifecycle.import-refused", "operations.import-code")
def import_into_a_running_machine_shows_it() -> Change:
    """An import into a host with a running machine gets 200 and the instance as it is, in 201."""

    def answer(call: Call, forward: Forward) -> Answer:
        if free_state(call, forward) != "RUNNING":
            return forward(call)
        shown = forward(call.at("", "GET"))
        return shown.saying(shown.value, 201)

    return on("POST", "properties", answer)


# ---- where there is no instance


def _without_instance(method: str, action: str | None, instead: Answer) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        wanted = call.method == method and (action is None or call.action == action)
        return instead if wanted and honest.status == 404 and b"no instance" in honest.body else honest

    return answer


@fault("errors.no-instance", "lifecycle.forget-refused")
def conflict_without_an_instance() -> Change:
    """409 where there is no instance."""
    return _without_instance("PUT", None, refusal(409, "no instance"))


@fault("errors.no-instance", "lifecycle.delete-refused")
def delete_of_nothing_is_done() -> Change:
    """204 for the deletion of what is not there."""
    return _without_instance("DELETE", "", Answer(204))


@fault("errors.no-instance", "lifecycle.forget-refused")
def forget_of_nothing_is_done() -> Change:
    """202 for forgetting what is not there."""
    return _without_instance("PUT", "_forget", Answer(202))


@fault("errors.no-instance")
def start_of_nothing_is_a_conflict() -> Change:
    """409 for a start where there is no instance."""
    return _without_instance("PUT", "_start", refusal(409, "nothing to start"))


@fault("errors.no-instance")
def console_of_nothing_is_a_conflict() -> Change:
    """409 for the console where there is no instance."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_read = call.method in ("GET", "HEAD") and call.action == "vnc"
        vacant = is_read and b"has no instance" in forward(call.at("vnc", "GET")).body
        return replace(honest, status=409) if vacant else honest

    return answer


@fault("errors.no-instance", "operations.documented-answers")
def lock_of_nothing_is_a_conflict() -> Change:
    """409 for a lock where there is no instance."""
    return _without_instance("POST", "lock", refusal(409, "nothing to lock"))


# ---- what a refusal leaves behind


@fault("refused.illegal-trigger")
def refused_resume_starts_the_machine() -> Change:
    """A resume in STOPPED says 409, and starts the machine."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 409:
            forward(call.at("_start"))
        return honest

    return on("PUT", "_resume", answer)


@fault("refused.illegal-trigger")
def refused_pause_goes_through_later() -> Change:
    """A start in PAUSED says 409, and is done all the same when the instance has been looked at twice."""
    looks: dict[str, int] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if (call.method, call.action) == ("PUT", "_start") and free_state(call, forward) == "PAUSED":
            looks[call.root] = 0
        elif call.method != "GET":
            looks.pop(call.root, None)
        elif call.action == "" and call.root in looks:
            looks[call.root] += 1
            if looks[call.root] == 2:
                forward(call.at("_resume", "PUT"))
        return honest

    return answer


@fault("refused.illegal-trigger")
def refused_delete_takes_the_lock_off() -> Change:
    """A second provision in STOPPED says 409, and locks the instance."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 409 and free_state(call, forward) == "STOPPED":
            forward(call.at("lock"))
        return honest

    return on("POST", "", answer)


@fault("refused.others")
def refused_method_switches_off() -> Change:
    """POST .../_off says 405, and switches the machine off."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status == 405:
            forward(call.at("_off", "PUT"))
        return honest

    return on("POST", "_off", answer)


@fault("refused.others")
def refused_patch_loses_a_property() -> Change:
    """PATCH says 405, and from then on the machine has no mac."""
    patched: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if call.method == "PATCH" and call.action == "":
            patched.add(call.root)
        if call.method in ("POST", "DELETE") and honest.status < 300:
            patched.discard(call.root)
        if call.root in patched and (call.method, call.action, honest.status) == ("GET", "", 200):
            left = [row for row in honest.value["properties"] if row["key"] != "mac"]
            return honest.saying({**honest.value, "properties": left})
        return honest

    return answer


@fault("errors.method-not-allowed")
def patch_is_taken() -> Change:
    """PATCH of the instance answers 200 and the representation."""
    return lambda call, forward: (
        forward(call.at("", "GET")) if (call.method, call.action) == ("PATCH", "") else forward(call)
    )


@fault("errors.method-not-allowed", "refused.others")
def post_pauses_too() -> Change:
    """POST .../_pause does what PUT does."""
    return on("POST", "_pause", lambda call, forward: forward(call.at("_pause", "PUT")))
