"""The operations: a second copy of their table, written by hand, and what each of them can answer."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from contract import Contract, load_contract
from tests.contract.conftest import Edit
from tests.contract.refusals import Broken, assert_refused

ROOT = "/organizations/{org_name}/environments/{env_name}/hosts/{host_name}/instance"
REFUSALS = {400, 401, 403, 404, 405, 413, 415, 429, 503}


class Row(NamedTuple):
    """What is known of an operation without the document."""

    method: str
    path: str
    success: int
    trigger: str | None
    feature: str | None
    conflict: bool = True


BY_HAND = {
    "getInstance": Row("GET", "", 200, None, None, conflict=False),
    "provisionInstance": Row("POST", "", 200, "provision", None),
    "deleteInstance": Row("DELETE", "", 204, "delete", None),
    "importInstance": Row("POST", "/properties", 200, "import", "import"),
    "getVnc": Row("GET", "/vnc", 200, None, "vnc"),
    "startInstance": Row("PUT", "/_start", 202, "start", None),
    "pauseInstance": Row("PUT", "/_pause", 202, "pause", None),
    "resumeInstance": Row("PUT", "/_resume", 202, "resume", None),
    "shutdownInstance": Row("PUT", "/_shutdown", 202, "shutdown", None),
    "stopInstance": Row("PUT", "/_stop", 202, "shutdown", "stop-alias"),
    "rebootInstance": Row("PUT", "/_reboot", 202, "reboot", None),
    "powerOffInstance": Row("PUT", "/_off", 202, "off", None),
    "forgetInstance": Row("PUT", "/_forget", 202, "forget", "forget"),
    "lockInstance": Row("POST", "/lock", 200, None, "lock", conflict=False),
    "unlockInstance": Row("POST", "/unlock", 200, None, "lock", conflict=False),
}


def test_there_are_no_other_operations(contract: Contract) -> None:
    """The document and the copy have the same operations."""
    assert set(contract.operations) == set(BY_HAND)


@pytest.mark.parametrize("name", BY_HAND)
def test_an_operation_is_what_was_written_by_hand(contract: Contract, name: str) -> None:
    """Method, path, success, trigger and feature agree."""
    operation, row = contract.operations[name], BY_HAND[name]
    assert operation.id == name
    assert (operation.method, operation.path) == (row.method, ROOT + row.path)
    assert (operation.success, operation.trigger, operation.feature) == (row.success, row.trigger, row.feature)


@pytest.mark.parametrize("name", BY_HAND)
def test_an_operation_has_every_answer(contract: Contract, name: str) -> None:
    """Every status that can come is there, and no other."""
    row = BY_HAND[name]
    assert set(contract.operations[name].responses) == REFUSALS | {row.success} | ({409} if row.conflict else set())


@pytest.mark.parametrize("name", BY_HAND)
def test_a_refusal_is_an_error_with_its_header(contract: Contract, name: str) -> None:
    """Every refusal has the schema Error; 401, 405, 429 and 503 must have their headers."""
    headers = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}
    for status, response in contract.operations[name].responses.items():
        if status >= 400:
            assert response.schema == {"$ref": "#/components/schemas/Error"}
            assert response.headers == ({headers[status]: True} if status in headers else {})


@pytest.mark.parametrize("name", BY_HAND)
def test_an_empty_answer_has_no_content(contract: Contract, name: str) -> None:
    """202 and 204 come without content, 200 with JSON."""
    response = contract.operations[name].responses[BY_HAND[name].success]
    assert (response.schema is None) == (response.status in {202, 204})


@pytest.mark.parametrize("name", BY_HAND)
def test_an_operation_is_found_by_three_names(contract: Contract, name: str) -> None:
    """Organization, environment and host are in each path, required, outermost first."""
    parameters = contract.operations[name].parameters
    assert [(p.name, p.location, p.required) for p in parameters] == [
        (p, "path", True) for p in ("org_name", "env_name", "host_name")
    ]


@pytest.mark.parametrize("name", BY_HAND)
def test_an_operation_is_explained(contract: Contract, name: str) -> None:
    """A summary and a description with its sources stand at each operation, and a tag that is described."""
    raw = contract.operations[name].raw
    tags = {tag["name"] for tag in contract.document.raw["tags"]}
    assert raw["summary"]
    assert any(f"{basis})" in raw["description"] or f": {basis}." in raw["description"] for basis in "DCP")
    assert set(raw["tags"]) < tags


def test_two_operations_read_a_body(contract: Contract) -> None:
    """Provision may have one, import must."""
    bodies = {name: operation.body for name, operation in contract.operations.items() if operation.body}
    assert {name: (body.required, body.media_types) for name, body in bodies.items()} == {
        "provisionInstance": (False, ("application/json",)),
        "importInstance": (True, ("application/json",)),
    }


def test_the_console_is_legal_in_two_states(contract: Contract) -> None:
    """Only vnc depends on the state without changing it."""
    assert {name: operation.legal_in for name, operation in contract.operations.items() if operation.legal_in} == {
        "getVnc": frozenset({"RUNNING", "PAUSED"})
    }


def test_stop_is_an_alias(contract: Contract) -> None:
    """It fires what shutdown fires."""
    assert {o.id: o.alias_of for o in contract.operations.values() if o.alias_of} == {
        "stopInstance": "shutdownInstance"
    }


def test_access_is_open_or_basic_or_by_key(raw: Any) -> None:
    """Each of the three ways stands alone."""
    assert raw["security"] == [{}, {"basicAuth": []}, {"applicationKey": []}]
    assert raw["components"]["securitySchemes"]["applicationKey"]["name"] == "X-ComodIT-AppKey"


def test_links_lead_to_operations(contract: Contract, raw: Any) -> None:
    """A link names an operation and fills in each of its names."""
    for link in raw["components"]["links"].values():
        names = [parameter.name for parameter in contract.operations[link["operationId"]].parameters]
        assert link["parameters"] == {name: f"$request.path.{name}" for name in names}


def test_what_an_operation_says_of_a_parameter_replaces_what_its_path_says(edited: Edit) -> None:
    """As OpenAPI has it: the inner one wins, and there are not two."""
    own = "      parameters: [{name: host_name, in: path, required: true, schema: {maxLength: 9}}]\n"
    path = edited(("operationId: lockInstance\n      tags", f"operationId: lockInstance\n{own}      tags"))
    parameters = load_contract(path).operations["lockInstance"].parameters
    assert [parameter.name for parameter in parameters] == ["org_name", "env_name", "host_name"]
    assert parameters[2].schema == {"maxLength": 9}


def test_an_unknown_feature_is_refused(edited: Edit) -> None:
    """The feature of an operation is one of x-features."""
    broken = Broken(
        "x-feature: vnc",
        "x-feature: vcn",
        "x-feature: vcn",
        f"paths.{ROOT}/vnc.get.x-feature",
        "there is no feature 'vcn'; expected one of vnc, import",
    )
    assert_refused(edited((broken.old, broken.new)), broken)
