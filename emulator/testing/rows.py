"""A host as a call describes it, made into a seed: what a seed can say of a host, a call can say too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from jsonschema_rs import Draft202012Validator

from contract import ContractError
from contract.messages import words
from emulator.seeding.machines import Place, Row
from emulator.seeding.planting import Names
from emulator.seeding.seeds import seed_schema


class RowSeed:
    """A seed of one host; see emulator.seeding.seeds.Seed. ContractError says what it cannot say.

    `known` are the names of the hypervisors that are there: another one is made.
    """

    def __init__(self, path: str, state: str | None, members: Mapping[str, Any], known: Collection[str]) -> None:
        names = path.split("/")
        if len(names) != 3:
            raise ContractError(f"{path!r} is no path of a host; expected ORGANIZATION/ENVIRONMENT/HOST")
        self._path = path
        self.value = _seed(names, state, members, known)
        problems = [self._named(tuple(error.instance_path), words(error)) for error in _judge().iter_errors(self.value)]
        if problems:
            raise ContractError(*problems)

    def error(self, place: Place, message: str) -> Exception:
        """See Seed."""
        return ContractError(self._named(place, message))

    def find(self, names: Names) -> str | None:  # noqa: ARG002 - whoever calls knows where
        """See Seed."""
        return None

    def _named(self, place: Place, message: str) -> str:
        member = [str(step) for step in place[6:] if step != "instance"]
        return f"{self._path}: {'.'.join(member)}{': ' if member else ''}{message}"


def _seed(names: list[str], state: str | None, members: Mapping[str, Any], known: Collection[str]) -> Row:
    of_host, of_instance = _members("host"), _members("instance")
    odd = members.keys() - of_host - of_instance
    if odd:
        raise ContractError(
            f"a host has no {min(odd)!r}; it has {', '.join(sorted(of_host - {'name', 'instance'}))}, "
            f"and its instance {', '.join(sorted(of_instance - {'state'}))}"
        )
    organization, environment, name = names
    host = {"name": name, **{member: value for member, value in members.items() if member in of_host}}
    instance = {member: value for member, value in members.items() if member in of_instance}
    if state is not None:
        host["instance"] = {"state": state, **instance}
    elif instance:
        raise ContractError(f"{min(instance)!r} is said of an instance, and there is none without a state")
    seed: dict[str, Any] = {
        "organizations": [{"name": organization, "environments": [{"name": environment, "hosts": [host]}]}]
    }
    if members.get("hypervisor", None) not in (None, *known):
        seed["hypervisors"] = [{"name": members["hypervisor"]}]
    return seed


@cache
def _judge() -> Draft202012Validator:
    return Draft202012Validator(seed_schema())


@cache
def _members(kind: str) -> frozenset[str]:
    return frozenset(seed_schema()["$defs"][kind]["properties"])
