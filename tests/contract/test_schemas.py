"""Values against the schemas of the contract: what is taken, what is refused, and in which words."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract import Contract, Validator, load_contract
from tests.contract.test_examples import DOCUMENTED

CONTRACT = load_contract()
SCHEMAS = CONTRACT.document.raw["components"]["schemas"]


def judge(name: str) -> Validator:
    """The validator of a named schema."""
    return CONTRACT.document.validator({"$ref": f"#/components/schemas/{name}"})


def instance(**changes: Any) -> dict[str, Any]:
    """The instance of the documentation, changed; None takes a member away."""
    value = deepcopy(DOCUMENTED["DocumentedInstance"]) | changes
    return {name: member for name, member in value.items() if member is not None}


MAC = {"key": "mac", "value": "00:50:56:2C:92:E1"}


@pytest.mark.parametrize(
    "name, value, problems",
    [
        ("PropertyList", [MAC], []),
        ("PropertyList", [], []),
        ("PropertyList", [{"key": "mac"}], ["item 0: 'value' is missing"]),
        ("PropertyList", {}, ["it is an empty mapping; expected a list"]),
        ("PropertyList", [MAC, 7], ["item 1: it is 7; expected a mapping of names to values"]),
        ("PropertyList", [MAC | {"value": None}], ["item 0, 'value': it is null; expected a string"]),
        ("PropertyList", [MAC | {"key": ""}], ["item 0, 'key': it is empty"]),
        ("PropertyList", [MAC | {"key": "k" * 256}], ["item 0, 'key': it has 256 characters; at most 255 are taken"]),
        ("PropertyList", [MAC | {"key": "\U0001f600" * 255, "value": "v" * 65_535}], []),
        (
            "PropertyList",
            [MAC | {"value": "v" * 65_536}],
            ["item 0, 'value': it has 65536 characters; at most 65535 are taken"],
        ),
        ("PropertyList", [MAC | {"x": 1}], ["item 0: 'x' is not known here; take it out, or mend its name"]),
        ("PropertyList", [MAC, MAC], ["item 1: its key 'mac' stood before (item 0); key is unique in this list"]),
        ("Instance", instance(), []),
        ("Instance", instance(another="member"), []),
        ("Instance", instance(state=None), ["'state' is missing"]),
        (
            "Instance",
            instance(state="ABSENT"),
            ["'state': it is 'ABSENT'; expected UNDEFINED or PENDING or RUNNING or PAUSED or STOPPED"],
        ),
        ("Instance", instance(synapseState="Up"), []),
        ("Instance", instance(synapseState="Up", state="PAUSED"), ["'state': it is 'PAUSED'; expected 'RUNNING'"]),
        ("Instance", instance(locked="yes"), ["'locked': it is 'yes'; expected true or false"]),
        (
            "Instance",
            instance(properties=[MAC, MAC]),
            ["'properties': item 1: its key 'mac' stood before (item 0); key is unique in this list"],
        ),
        ("ProvisionedInstance", instance(state="PENDING"), []),
        ("ProvisionedInstance", instance(state="STOPPED"), ["'state': it is 'STOPPED'; expected PENDING or RUNNING"]),
        ("ImportedInstance", instance(state="UNDEFINED"), []),
        (
            "ImportedInstance",
            instance(state="PENDING"),
            ["'state': it is 'PENDING'; expected UNDEFINED or RUNNING or PAUSED or STOPPED"],
        ),
        ("LockedInstance", instance(locked=True), []),
        ("LockedInstance", instance(), ["'locked' is missing"]),
        ("UnlockedInstance", instance(locked=True), ["'locked': it is true; expected false"]),
        ("ProvisionRequest", instance(), []),
        ("ProvisionRequest", [], ["it is an empty list; expected a mapping of names to values"]),
        ("Error", {"error": ["no"]}, []),
        ("Error", {"error": "no"}, ["'error': it is 'no'; expected a list"]),
        ("Error", {"error": []}, ["'error': it has 0 items; at least 1 are expected"]),
        ("Error", {"error": ["no", ""]}, ["'error', item 1: it is empty"]),
        ("VncAccess", {"token": "t", "hostname": "fe80::1%eth0", "port": "1"}, []),
        ("VncAccess", {"token": "t", "hostname": "h", "port": 5911}, ["'port': it is 5911; expected a string"]),
    ],
)
def test_problems_name_the_place_and_the_mend(name: str, value: Any, problems: list[str]) -> None:
    """A value that fits has none; any other has one sentence for each thing that is wrong."""
    validator = judge(name)
    assert validator.problems(value) == problems
    assert validator.is_valid(value) is (not problems)


def test_no_more_problems_than_people_read(contract: Contract) -> None:
    """Ten are enough to see what is wrong, and a message of a long value is short."""
    validator = judge("PropertyList")
    problems = validator.problems([{"key": "x" * 9_999, "value": 0}] * 50)
    assert len(problems) == 10
    assert max(map(len, problems)) < 200


@pytest.mark.parametrize("depth", [300, 20_000])
def test_a_deep_value_is_judged(depth: int) -> None:
    """Nesting that the library cannot quote is no reason to break: it fits, or it does not."""
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"deeper": [value]}
    assert judge("ProvisionRequest").is_valid(value)
    assert not judge("PropertyList").is_valid([value])
    (problem,) = judge("PropertyList").problems(value)
    assert "nests too deeply" in problem


@given(st.lists(st.fixed_dictionaries({"key": st.sampled_from("abcdef"), "value": st.text(max_size=3)}), max_size=6))
def test_keys_are_unique(properties: list[dict[str, str]]) -> None:
    """A list is taken exactly when no key stands twice in it, alone and inside an instance."""
    keys = [item["key"] for item in properties]
    unique = len(set(keys)) == len(keys)
    assert judge("PropertyList").is_valid(properties) is unique
    assert judge("Instance").is_valid(instance(properties=properties)) is unique


def is_name(text: str) -> bool:
    """What a name is, said without a pattern."""
    controls = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0))}
    return 1 <= len(text) <= 255 and text not in {".", ".."} and not controls & set(text) and "/" not in text


NAMES = st.text(st.characters(codec="utf-8"), max_size=6) | st.text(st.sampled_from("./a \n\x7f\x85é"), max_size=4)


@given(NAMES | st.integers(250, 260).map("n".__mul__))
@example("")
@example(".")
@example("..")
@example("...")
@example(".a")
@example("..a")
@example("a\n")
@example(" outer spaces ")
def test_a_name_is_anything_printable_without_a_slash(text: str) -> None:
    """The schema takes what the rule takes; so does its pattern with the regular expressions of Python."""
    schema = SCHEMAS["Name"]
    assert judge("Name").is_valid(text) is is_name(text)
    assert bool(re.fullmatch(schema["pattern"], text)) is (is_name(text) or (len(text) > 255 and is_name(text[:255])))


def test_a_port_is_a_decimal_from_1_to_65535() -> None:
    """All that are taken, of all that could be meant."""
    validator = CONTRACT.document.validator(SCHEMAS["VncAccess"]["properties"]["port"])
    assert [port for port in range(70_000) if validator.is_valid(str(port))] == list(range(1, 65_536))


@pytest.mark.parametrize("port", ["", "0", "05911", "+5911", "5911 ", "5911\n", "5.9", "0x1717", "٥٩١١"])
def test_a_port_is_written_plainly(port: str) -> None:
    """No sign, no leading zero, no space, no digits of other scripts."""
    assert not judge("VncAccess").is_valid({"token": "t", "hostname": "h", "port": port})


@pytest.mark.parametrize("value", ["5", "120", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_retry_after_is_seconds_or_a_date(value: str) -> None:
    """Both forms of HTTP are taken."""
    header = CONTRACT.document.raw["components"]["headers"]["Retry-After"]
    assert CONTRACT.document.validator(header["schema"]).is_valid(value)


def test_members_are_known_by_their_role() -> None:
    """What a member means does not depend on what it is called, nor on how often a schema refers to another."""
    document = CONTRACT.document
    members = document.members({"$ref": "#/components/schemas/LockedInstance"})
    assert members["agent"] == "synapseState"
    assert set(members) == {
        *("organization", "environment", "host", "state", "properties", "agent", "locked", "hostname")
    }
    assert document.members(SCHEMAS["Property"]) == {"key": "key", "value": "value"}
    assert document.resolve({"$ref": "#/components/schemas/PropertyList"}) is SCHEMAS["PropertyList"]
    assert document.members({"$ref": "#/components/schemas/Nothing"}) == {}
