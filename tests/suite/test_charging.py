"""What one answer shows: each fault is charged to the most specific requirement, and a good answer to none."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from schemathesis import Response

from contract import load_contract
from contract_tests.judging.document_rules import Judge, Judgement
from contract_tests.running.target import HostName
from contract_tests.sending.api import HostApi

CONTRACT = load_contract()
HOST = HostName("Guardis Test", "Test Environment", "web-1")
API = HostApi(CONTRACT, HOST)
JSON = {"content-type": ["application/json"]}
INSTANCE: dict[str, Any] = {
    "organization": "Guardis Test",
    "environment": "Test Environment",
    "host": "web-1",
    "state": "RUNNING",
    "properties": [{"key": "mac", "value": "00:50:56:1A:07:3C"}],
    "synapseState": "Down",
    "locked": False,
}
VNC = {"token": "t", "hostname": "hypervisor", "port": "5900"}
ERROR = {"error": ["a message"]}


def _judge(operation_id: str, status: int, body: Any, headers: dict[str, list[str]], *without: str) -> Judgement:
    operation = CONTRACT.operations[operation_id]
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = requests.Request(operation.method, f"http://x{HOST.path(operation.path)}").prepare()
    response = Response(status, headers, content, request, 0.0, True)  # noqa: FBT003 - `verify`, by its place
    judge = Judge(CONTRACT, lambda feature: feature not in without)
    return judge.judge(operation, HOST, API.operations[operation_id].Case(), response)


@pytest.mark.parametrize(
    "operation, status, body, headers, charged",
    [
        ("getInstance", 500, ERROR, JSON, "robustness.no-server-error"),
        ("getInstance", 418, ERROR, JSON, "operations.documented-answers"),
        ("getInstance", 409, ERROR, JSON, "operations.documented-answers"),
        ("getInstance", 301, None, {"location": ["/x"]}, "http.slash"),
        ("getInstance", 201, INSTANCE, JSON, "operations.get-shows-instance"),
        ("startInstance", 200, None, {}, "operations.action-code"),
        ("startInstance", 202, {"a": 1}, JSON, "operations.action-code"),
        ("rebootInstance", 204, None, {}, "operations.action-code-by-analogy"),
        ("stopInstance", 200, None, {}, "operations.stop-is-shutdown"),
        ("forgetInstance", 204, None, {}, "operations.forget-code"),
        ("deleteInstance", 202, None, {}, "operations.delete-code"),
        ("lockInstance", 204, None, {}, "lock.sets"),
        ("getInstance", 200, INSTANCE, {"content-type": ["text/html"]}, "representation.media-type"),
        ("getInstance", 200, INSTANCE, {}, "representation.media-type"),
        ("getInstance", 200, b"{", JSON, "representation.media-type"),
        ("getInstance", 401, ERROR, JSON, "auth.challenge"),
        ("getInstance", 405, ERROR, JSON, "errors.method-not-allowed"),
        ("getInstance", 503, ERROR, JSON, "errors.retry-after"),
        ("getInstance", 429, ERROR, JSON, "errors.retry-after"),
        ("getInstance", 429, ERROR, {**JSON, "retry-after": ["soon"]}, "errors.retry-after"),
        ("getInstance", 404, {"error": "a message"}, JSON, "errors.shape"),
        ("getInstance", 404, {"errors": ["a message"]}, JSON, "errors.shape"),
        ("getInstance", 404, ["a message"], JSON, "errors.shape"),
        ("getInstance", 404, {"error": []}, JSON, "errors.messages"),
        ("getInstance", 404, {"error": [""]}, JSON, "errors.messages"),
        ("getInstance", 404, {"error": [1]}, JSON, "errors.messages"),
        ("getInstance", 200, INSTANCE | {"organization": "guardis test"}, JSON, "representation.names-of-path"),
        ("getInstance", 200, INSTANCE | {"host": "web-1%20"}, JSON, "representation.names-of-path"),
        ("getInstance", 200, INSTANCE | {"state": "running"}, JSON, "representation.known-state"),
        ("getInstance", 200, INSTANCE | {"state": "ABSENT"}, JSON, "representation.known-state"),
        ("getInstance", 200, INSTANCE | {"synapseState": "up"}, JSON, "representation.complete"),
        ("getInstance", 200, INSTANCE | {"properties": {"mac": "x"}}, JSON, "representation.complete"),
        ("getInstance", 200, INSTANCE | {"properties": [{"key": "a"}]}, JSON, "representation.complete"),
        ("getInstance", 200, [INSTANCE], JSON, "representation.complete"),
        ("getInstance", 200, INSTANCE | {"properties": INSTANCE["properties"] * 2}, JSON, "properties.unique-keys"),
        ("getInstance", 200, INSTANCE | {"state": "PAUSED", "synapseState": "Up"}, JSON, "agent.down-unless-running"),
        ("getInstance", 200, INSTANCE | {"locked": "no"}, JSON, "lock.shown"),
        ("provisionInstance", 200, INSTANCE | {"state": "STOPPED"}, JSON, "operations.provision-code"),
        ("importInstance", 200, INSTANCE | {"state": "PENDING"}, JSON, "operations.import-code"),
        ("lockInstance", 200, INSTANCE, JSON, "lock.sets"),
        ("unlockInstance", 200, INSTANCE | {"locked": True}, JSON, "lock.sets"),
        ("getVnc", 200, VNC | {"port": 5900}, JSON, "console.strings"),
        ("getVnc", 200, VNC | {"port": "0"}, JSON, "console.values"),
        ("getVnc", 200, VNC | {"hostname": "vnc://x/"}, JSON, "console.values"),
        ("getVnc", 200, VNC | {"hostname": "h:5900"}, JSON, "console.values"),
        ("getVnc", 200, {"token": "t", "hostname": "h"}, JSON, "console.access"),
        ("getVnc", 200, None, JSON, "console.access"),
        ("getInstance", 200, b'"\xe9"', JSON, "representation.media-type"),
        ("getInstance", 200, b"null", JSON, "representation.complete"),
        ("getInstance", 404, None, {}, "errors.shape"),
        ("provisionInstance", 200, None, {}, "operations.provision-answers-representation"),
        ("importInstance", 200, None, {}, "operations.import-code"),
        ("lockInstance", 200, None, {}, "lock.answers-representation"),
    ],
)
def test_a_bad_answer_is_charged_to_one_requirement(
    operation: str, status: int, body: Any, headers: dict[str, list[str]], charged: str
) -> None:
    """An answer that is wrong in one way breaks the one requirement that is about it."""
    assert [broken.requirement for broken in _judge(operation, status, body, headers).broken] == [charged]


@pytest.mark.parametrize(
    "operation, status, body, headers, shows",
    [
        ("getInstance", 200, INSTANCE, JSON, {"representation.complete", "properties.unique-keys", "lock.shown"}),
        ("getInstance", 200, INSTANCE | {"more": 1, "synapseState": "Up"}, JSON, {"representation.names-of-path"}),
        ("getInstance", 200, INSTANCE, {"content-type": ["application/json; charset=utf-8"]}, set()),
        ("getInstance", 404, ERROR | {"more": 1}, JSON, {"errors.shape", "errors.messages"}),
        ("getInstance", 503, ERROR, {**JSON, "retry-after": ["5"]}, {"errors.retry-after"}),
        ("getInstance", 401, ERROR, {**JSON, "www-authenticate": ["Basic"]}, {"auth.challenge"}),
        ("startInstance", 202, None, {}, {"operations.documented-answers"}),
        ("getVnc", 200, VNC, JSON, {"console.strings", "console.values"}),
        ("getVnc", 200, VNC | {"hostname": "fe80::1%eth0"}, JSON, {"console.strings", "console.values"}),
        ("lockInstance", 200, INSTANCE | {"locked": True}, JSON, {"lock.shown"}),
    ],
)
def test_a_good_answer_is_charged_to_none(
    operation: str, status: int, body: Any, headers: dict[str, list[str]], shows: set[str]
) -> None:
    """An answer that is right breaks nothing, and counts for the requirements that it shows."""
    judgement = _judge(operation, status, body, headers)
    assert judgement.broken == ()
    assert shows | {"robustness.no-server-error"} <= set(judgement.held)


@pytest.mark.parametrize(
    "status, body, headers, charged",
    [
        (405, ERROR, {**JSON, "allow": ["PUT, OPTIONS"]}, []),
        (405, ERROR, JSON, ["errors.method-not-allowed"]),
        (405, ERROR, {**JSON, "allow": ["GET"]}, ["errors.method-not-allowed"]),
        (405, b"<p>", {"content-type": ["text/html"], "allow": ["PUT"]}, ["representation.media-type"]),
        (405, {"error": "no"}, {**JSON, "allow": ["PUT"]}, ["errors.shape"]),
        (404, ERROR, JSON, ["errors.method-not-allowed"]),
        (200, None, {}, ["errors.method-not-allowed"]),
    ],
)
def test_an_undeclared_method_is_refused_as_documented(
    status: int, body: Any, headers: dict[str, list[str]], charged: list[str]
) -> None:
    """An answer to a method that the path does not have is an error like others, and lists those that it has."""
    operation = CONTRACT.operations["startInstance"]
    case = next(one for one in API.undeclared(HOST.path(operation.path)) if one.method == "PATCH")
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    request = requests.Request("PATCH", f"http://x{HOST.path(operation.path)}").prepare()
    response = Response(status, headers, content, request, 0.0, True)  # noqa: FBT003 - `verify`, by its place
    judgement = Judge(CONTRACT, lambda _: True).judge(operation, HOST, case, response, declared=False)
    assert [broken.requirement for broken in judgement.broken] == charged


def test_a_feature_that_is_not_claimed_is_not_judged() -> None:
    """Without the features lock and agent, nobody asks for `locked`, nor what the agent does."""
    shown = {name: value for name, value in INSTANCE.items() if name != "locked"}
    assert _judge("getInstance", 200, shown, JSON, "lock").broken == ()
    assert [broken.requirement for broken in _judge("getInstance", 200, shown, JSON).broken] == ["lock.shown"]
