"""Lawful variants in what is taken, what is refused, and with which code where the contract leaves it open."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from contract_tests.running.target import Credentials
from tests.faulty_servers.faults import is_shown, per_instance
from tests.faulty_servers.middle import Answer, Call, Change, Forward, refusal
from tests.lawful_servers.variants import changed, lawful
from tests.suite.judging import EXAMPLE

# ---- bodies where none is read


def _no_body(status: int) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        reads = call.action in ("", "properties")
        if call.method in ("PUT", "POST") and call.body and not reads:
            honest = forward(call.at("", "GET"))
            return refusal(status, "this takes no body") if honest.status == 200 else forward(call)
        return forward(call)

    return answer


for _status in (400, 415):
    changed(
        f"a-body-on-an-action-gets-{_status}",
        f"An action with a body gets {_status}.",
        partial(_no_body, _status),
    )

# ---- bodies about which there are two opinions


def _doubtful(test: Any, status: int) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        if call.method == "POST" and call.body and call.action in ("", "properties") and test(call):
            return refusal(status, "not here") if forward(call.at("", "GET")).status == 404 else forward(call)
        return forward(call)

    return answer


def _type(call: Call) -> str:
    return str(call.environ.get("CONTENT_TYPE") or "")


def _is_lone(call: Call) -> bool:
    try:
        json.dumps(json.loads(call.body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False


def _is_twice(call: Call) -> bool:
    return b'"value": "1", "value": "2"' in call.body


DOUBTFUL = (
    (
        "byte-order-marks-are-refused",
        "A body with a byte order mark gets 400",
        lambda c: c.body[:3] == b"\xef\xbb\xbf",
        400,
    ),
    ("lone-surrogates-are-refused", "A lone surrogate gets 400", _is_lone, 400),
    ("members-twice-are-refused", "A member twice gets 400", _is_twice, 400),
    ("other-json-is-refused", "A media type that ends in +json gets 415", lambda c: "+json" in _type(c), 415),
    ("no-media-type-is-refused", "A body without a media type gets 415", lambda c: not _type(c), 415),
)

for _name, _says, _test, _status in DOUBTFUL:
    changed(_name, f"{_says}.", partial(_doubtful, _test, _status))


@lawful()
def doubtful_bodies_are_taken() -> Change:
    """A byte order mark is left out, +json and no media type are read as JSON."""

    def answer(call: Call, forward: Forward) -> Answer:
        environ = dict(call.environ)
        if call.body and ("+json" in _type(call) or not _type(call)):
            environ["CONTENT_TYPE"] = "application/json"
        return forward(replace(call, body=call.body.removeprefix(b"\xef\xbb\xbf"), environ=environ))

    return answer


# ---- which refusal comes first


@lawful()
def method_is_looked_at_first() -> Change:
    """405 comes before 404, where there is neither organization nor instance."""
    methods = {
        "": ("GET", "HEAD", "POST", "DELETE", "OPTIONS"),
        "vnc": ("GET", "HEAD", "OPTIONS"),
        **dict.fromkeys(("lock", "unlock", "properties"), ("POST", "OPTIONS")),
        **dict.fromkeys(
            ("_start", "_pause", "_resume", "_shutdown", "_stop", "_reboot", "_off", "_forget"), ("PUT", "OPTIONS")
        ),
    }

    def answer(call: Call, forward: Forward) -> Answer:
        has = methods.get(call.action) if "/instance" in call.path else None
        if has is None or call.method in has:
            return forward(call)
        wrong = refusal(405, f"{call.method} is not for this")
        return replace(wrong, headers=(*wrong.headers, ("Allow", ", ".join(has))))

    return answer


@lawful()
def held_machines_cannot_be_imported() -> Change:
    """An import of a machine that another host holds gets 409."""
    held: dict[str, str] = {}

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if is_shown(honest):
            rows = {row["key"]: row["value"] for row in honest.value["properties"]}
            uuid = rows.get("libvirt.uuid", "")
            if (call.method, call.action) == ("POST", "properties") and held.get(uuid, call.root) != call.root:
                forward(call.at("", "DELETE"))
                return refusal(409, "another host has this machine")
            held[uuid] = call.root
        if honest.status == 204 or (call.action, honest.status) == ("_forget", 202):
            for uuid in [one for one, root in held.items() if root == call.root]:
                del held[uuid]
        return honest

    return answer


# ---- what the platform may change in a machine


@lawful()
def the_address_comes_late() -> Change:
    """ip.eth0 is there after the sixth look at a running machine, and gone while it is off."""

    def change(kept: dict[str, Any], call: Call, honest: Answer) -> Answer | None:
        if not is_shown(honest) or call.method != "GET":
            return None
        kept["looks"] = kept.get("looks", 0) + 1 if honest.value["state"] == "RUNNING" else 0
        rows = [row for row in honest.value["properties"] if row["key"] != "ip.eth0" or kept["looks"] > 6]
        return honest.saying({**honest.value, "properties": rows})

    return per_instance(change)


@lawful()
def each_start_brings_another_address() -> Change:
    """ip.eth0, publicIp, publicDnsName and hostname are new after each action."""
    actions: dict[str, int] = defaultdict(int)

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        actions[call.root] += call.method == "PUT" and honest.status == 202
        if call.method != "GET" or not is_shown(honest) or honest.value["state"] not in ("RUNNING", "PAUSED"):
            return honest
        number = actions[call.root]
        fresh = {
            "ip.eth0": f"192.0.2.{number % 250}",
            "publicIp": f"198.51.100.{number % 250}",
            "publicDnsName": f"vm-{number}.example",
            "hostname": f"vm-{number}",
        }
        rows = [row for row in honest.value["properties"] if row["key"] not in fresh]
        rows += [{"key": key, "value": value} for key, value in fresh.items()]
        return honest.saying({**honest.value, "properties": rows, "hostname": f"vm-{number}"})

    return answer


# ---- features that a server does without


def _lacks(actions: tuple[str, ...], feature: str) -> Change:
    def answer(call: Call, forward: Forward) -> Answer:
        if call.action in actions:
            return refusal(404, f"{call.action} is not offered")
        honest = forward(call)
        if not is_shown(honest):
            return honest
        shown = honest.value
        if feature == "lock":
            del shown["locked"]
        if feature == "agent":
            shown["synapseState"] = "Down"
        return honest.saying(shown)

    return answer


FEATURES: Mapping[str, tuple[str, ...]] = {
    "vnc": ("vnc",),
    "import": ("properties",),
    "forget": ("_forget",),
    "lock": ("lock", "unlock"),
    "stop-alias": ("_stop",),
    "agent": (),
}

for _feature, _actions in FEATURES.items():
    if _feature == "import":
        continue  # what is forgotten without it is lost: see below
    changed(
        f"without-{_feature}",
        f"The feature {_feature} is not there, and not claimed.",
        partial(_lacks, _actions, _feature),
        options={"without": (_feature,)},
    )

changed(
    "without-import-and-forget",
    "Neither import nor forget is there, nor claimed.",
    partial(_lacks, ("properties", "_forget"), "import"),
    options={"without": ("import", "forget")},
)
changed(
    "without-any-feature",
    "No optional feature is there, and none is claimed.",
    partial(_lacks, tuple(action for actions in FEATURES.values() for action in actions), "lock"),
    options={"without": tuple(FEATURES)},
)

# ---- who is let in

GUARDED = {"seeds": (EXAMPLE, EXAMPLE.with_name("users.yaml"))}

changed(
    "guarded-by-passwords",
    "A user and a password are asked for.",
    settings=GUARDED,
    options={"credentials": Credentials("ann", "s3cret: ü"), "foreign": "Acme"},
)
changed(
    "guarded-by-keys",
    "An application key is asked for.",
    settings=GUARDED,
    options={"credentials": Credentials(app_key="admin-key")},
)


@lawful(settings=GUARDED, options={"credentials": Credentials("ann", "s3cret: ü"), "foreign": "Acme"})
def several_challenges() -> Change:
    """WWW-Authenticate names several schemes, in two headers."""

    def answer(call: Call, forward: Forward) -> Answer:
        honest = forward(call)
        if honest.status != 401:
            return honest
        more = (("WWW-Authenticate", 'Bearer realm="x", Digest realm="y"'), ("WWW-Authenticate", "Basic"))
        return replace(honest, headers=(*honest.without("WWW-Authenticate").headers, *more))

    return answer
