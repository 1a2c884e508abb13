"""Faults in the lock, and in the console."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from tests.faulty_servers.faults import SLOW, add, fault, free_state, is_shown, on, once_done, showing, state_of
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal

# ---- the lock

WRITES = ("PUT", "POST", "DELETE")


def _own_lock(refuses: frozenset[str]) -> Change:
    """A lock of its own: it is shown, and refuses some actions only; the others go on."""
    locked: set[str] = set()

    def answer(call: Call, forward: Forward) -> Answer:
        if call.method == "POST" and call.action in ("lock", "unlock"):
            honest = forward(call.at("unlock"))
            if honest.status == 200:
                (locked.add if call.action == "lock" else locked.discard)(call.root)
        elif call.root in locked and call.method in WRITES and (call.action or call.method) in refuses:
            return refusal(409, "locked")
        else:
            honest = forward(call)
            if honest.status == 204 or (call.action, honest.status) == ("_forget", 202):
                locked.discard(call.root)
        return honest.saying({**honest.value, "locked": call.root in locked}) if is_shown(honest) else honest

    return answer


TRIGGERS = frozenset(
    ("_start", "_pause", "_resume", "_shutdown", "_stop", "_reboot", "_off", "_forget", "properties", "POST", "DELETE")
)

LOCKS = (
    ("lock-locks-nothing", "`locked` is shown, and everything goes on.", frozenset[str]()),
    ("lock-keeps-from-deleting-only", "Only DELETE is refused while locked.", frozenset(["DELETE"])),
    ("lock-lets-delete", "DELETE goes through while locked.", TRIGGERS - {"DELETE"}),
    ("lock-lets-off", "_off goes through while locked.", TRIGGERS - {"_off"}),
    ("lock-forgets-the-alias", "_stop goes through while locked, _shutdown does not.", TRIGGERS - {"_stop"}),
    ("lock-lets-forget", "_forget goes through while locked.", TRIGGERS - {"_forget"}),
)

for _name, _says, _refuses in LOCKS:
    add(_name, _says, ("lock.refuses-triggers",), partial(_own_lock, _refuses))


def _lets(test: Callable[[Call], bool]) -> Change:
    """A lock that is overlooked by a write of which the test is true."""

    def answer(call: Call, forward: Forward) -> Answer:
        is_locked = b'"locked":true' in forward(call.at("", "GET")).body
        if call.method not in ("PUT", "DELETE") or not is_locked or not test(call):
            return forward(call)
        forward(replace(call.at("unlock", "POST"), body=b""))
        honest = forward(call)
        forward(replace(call.at("lock", "POST"), body=b""))
        return honest

    return answer


@fault("lock.refuses-triggers")
def the_lock_knows_no_slash() -> Change:
    """What looks at the lock knows the paths without a slash at their end only."""
    return _lets(lambda call: call.path.endswith("/"))


@fault("lock.refuses-triggers")
def force_is_stronger_than_the_lock() -> Change:
    """The lock does not count where the query says force=True."""
    return _lets(lambda call: "force=True" in call.query)


@fault("lock.sets")
def lock_is_not_set() -> Change:
    """Lock answers with the instance, which is not locked."""
    return on("POST", "lock", lambda call, forward: forward(call.at("unlock")))


@fault("lock.sets")
def unlock_takes_nothing_off() -> Change:
    """Unlock in PAUSED answers with the instance, which is still locked."""

    def answer(call: Call, forward: Forward) -> Answer:
        if state_of(call, forward) != "PAUSED" or free_state(call, forward):
            return forward(call)
        return forward(call.at("lock"))

    return on("POST", "unlock", answer)


@fault("lock.sets", "operations.documented-answers")
def lock_of_a_stopped_machine_conflicts() -> Change:
    """409 for the lock of what does not run."""

    def answer(call: Call, forward: Forward) -> Answer:
        return refusal(409, "not while STOPPED") if state_of(call, forward) == "STOPPED" else forward(call)

    return on("POST", "lock", answer)


@fault("lock.sets", "operations.documented-answers")
def lock_of_an_unknown_machine_conflicts() -> Change:
    """409 for the lock of an instance that is UNDEFINED."""

    def answer(call: Call, forward: Forward) -> Answer:
        return refusal(409, "not while UNDEFINED") if state_of(call, forward) == "UNDEFINED" else forward(call)

    return on("POST", "lock", answer)


@fault("lock.answers-representation")
def lock_answers_without_content() -> Change:
    """200 without content for lock and unlock."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        wanted = call.method == "POST" and call.action in ("lock", "unlock") and honest.status == 200
        return Answer(200) if wanted else honest

    return answer


@fault("lock.idempotent", "operations.documented-answers")
def lock_on_a_locked_instance_conflicts() -> Change:
    """409 for a lock on what is locked."""

    def answer(call: Call, forward: Forward) -> Answer:
        is_locked = state_of(call, forward) and not free_state(call, forward)
        return refusal(409, "it is locked already") if is_locked else forward(call)

    return on("POST", "lock", answer)


@fault("lock.idempotent", "operations.documented-answers")
def unlock_of_an_unlocked_instance_conflicts() -> Change:
    """409 for an unlock of what is not locked."""

    def answer(call: Call, forward: Forward) -> Answer:
        return refusal(409, "it is not locked") if free_state(call, forward) else forward(call)

    return on("POST", "unlock", answer)


@fault("lock.idempotent", "lock.sets")
def lock_is_a_toggle() -> Change:
    """A lock on a locked instance takes the lock off."""

    def answer(call: Call, forward: Forward) -> Answer:
        is_locked = state_of(call, forward) and not free_state(call, forward)
        return forward(call.at("unlock" if is_locked else "lock"))

    return on("POST", "lock", answer)


@fault("lock.unlock-restores")
def locks_are_counted() -> Change:
    """An unlock of an unlocked instance counts: the next trigger is refused for it."""
    unlocks: dict[str, int] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        if call.method == "PUT" and unlocks.pop(call.root, 0) > 1:
            return refusal(409, "it is locked -1 times")
        honest = forward(call)
        if (call.method, call.action, honest.status) == ("POST", "unlock", 200):
            unlocks[call.root] = unlocks.get(call.root, 0) + 1
        elif call.method in WRITES:
            unlocks.pop(call.root, None)
        return honest

    return answer


@fault("lock.shown")
def locked_is_not_shown() -> Change:
    """A server with a lock that does not show it."""
    return showing(lambda shown: shown.pop("locked"))


@fault("lock.shown")
def locked_is_shown_when_locked_only() -> Change:
    """No `locked` in an instance that is not locked."""
    return showing(lambda shown: shown["locked"] or shown.pop("locked"))


@fault("lock.shown")
def locked_is_a_word() -> Change:
    """`locked` as a string."""
    return showing(lambda shown: shown.update(locked=str(shown["locked"]).lower()))


# ---- the console

ACCESS = {"token": "t", "hostname": "hypervisor", "port": "5900"}

VALUES: tuple[tuple[str, str, Any, str], ...] = (
    ("port-is-a-number", "port", 5900, "console.strings"),
    ("token-is-null", "token", None, "console.strings"),
    ("port-is-0", "port", "0", "console.values"),
    ("port-is-70000", "port", "70000", "console.values"),
    ("port-has-a-colon", "port", ":5900", "console.values"),
    ("port-is-hexadecimal", "port", "0x170C", "console.values"),
    ("console-host-is-a-url", "hostname", "vnc://hypervisor", "console.values"),
    ("console-host-has-a-port", "hostname", "hypervisor:5900", "console.values"),
    ("console-host-is-empty", "hostname", "", "console.values"),
)


def _with_member(name: str, value: Any) -> Change:
    return once_done("GET", "vnc", lambda honest: honest.saying({**honest.value, name: value}))


for _name, _member, _value, _rule in VALUES:
    add(
        _name,
        f"The console has the {_member} {_value!r}.",
        (_rule,),
        partial(_with_member, _member, _value),
    )


@fault("console.access")
def console_has_no_token() -> Change:
    """An access to the console without a token."""
    return once_done(
        "GET", "vnc", lambda honest: honest.saying({k: v for k, v in honest.value.items() if k != "token"})
    )


@fault("console.access")
def console_of_a_paused_machine_is_refused() -> Change:
    """409 for the console while PAUSED."""

    def answer(call: Call, forward: Forward) -> Answer:
        return refusal(409, "not while PAUSED") if state_of(call, forward) == "PAUSED" else forward(call)

    return on("GET", "vnc", answer)


def _console_in(state: str) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        is_open = honest.status == 409 and state_of(call, forward) == state
        return honest.saying(ACCESS, 200) if is_open else honest

    return on("GET", "vnc", answer)


@fault("console.refused")
def console_of_a_stopped_machine() -> Change:
    """An access to the console while STOPPED."""
    return _console_in("STOPPED")


@fault("console.refused")
def console_of_an_unknown_machine() -> Change:
    """An access to the console while UNDEFINED."""
    return _console_in("UNDEFINED")


@fault("console.refused", settings=SLOW)
def console_of_a_machine_on_its_way() -> Change:
    """An access to the console while PENDING."""
    return _console_in("PENDING")


@fault("console.refused")
def console_of_a_stopped_machine_is_missing() -> Change:
    """404 for the console while STOPPED."""

    def answer(call: Call, forward: Forward) -> Answer:
        return refusal(404, "no console while STOPPED") if state_of(call, forward) == "STOPPED" else forward(call)

    return on("GET", "vnc", answer)


@fault("console.refusal-reads-well")
def console_refusal_does_not_say_why() -> Change:
    """A refused console says Conflict, and not in which state the machine is."""
    return once_done("GET", "vnc", lambda honest: honest.saying({"error": ["Conflict"]}), 409)
