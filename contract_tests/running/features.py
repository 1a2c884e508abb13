"""Which optional features a server seems to have: what can be told by reading, and what a run has seen of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from contract import Contract, Operation
from contract_tests.judging.answer_checks import Representations
from contract_tests.running.target import HostName
from contract_tests.sending.client import Client
from contract_tests.sending.replies import LostReplyError, Reply

Observed = dict[str, bool | None]
"""For each feature whether it is there; None when that cannot be told."""

NOWHERE = "/_made-up-by-contract-tests"
"""Below an instance, a path that no server has."""

AGENT, BASIC = "agent", "auth-basic"
"""Features that are no operations (openapi.yaml: x-features)."""


class FeatureProbe:
    """Looks for the optional features of a server, by reading requests only."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._contract = client.contract
        self._shown = Representations(client.contract)

    def look(self, host: HostName, instance: Reply) -> Observed:
        """What can be told from a host. `instance`: the answer to GET of its instance."""
        tells = self._tells(host)
        observed: Observed = {}
        for name in self._contract.features:
            operations = [one for one in self._contract.operations.values() if one.feature == name]
            found = [self._offers(host, one, instance, tells=tells) for one in operations]
            observed[name] = next((one for one in found if one is not None), None)
        return observed | self._shown_in(instance) | self._let_in(host)

    def _offers(self, host: HostName, operation: Operation, instance: Reply, *, tells: bool) -> bool | None:
        """Whether the server has an operation: GET of a path that is there, but for other methods, is 405."""
        if operation.method != "GET" and not tells:
            return None
        reply = self._read(host.path(operation.path))
        if reply is None:
            return None
        if operation.method != "GET":
            return {405: True, 404: False}.get(reply.status)
        if reply.status == operation.success or (reply.status == 409 and operation.legal_in):
            return True
        return False if instance.accepted and reply.status in (404, 405, 501) else None

    def _tells(self, host: HostName) -> bool:
        """Whether GET tells a path that every server has, for another method, from one that no server has."""
        operations = self._contract.operations.values()
        core = next((one for one in operations if one.trigger and one.method == "PUT" and not one.feature), None)
        if core is None:
            return False
        there, nowhere = self._read(host.path(core.path)), self._read(host.path(self._shown.reading.path) + NOWHERE)
        return there is not None and nowhere is not None and (there.status, nowhere.status) == (405, 404)

    def _shown_in(self, instance: Reply) -> Observed:
        """What a representation shows: the lock always, where it is offered; the agent once it is Up."""
        if not instance.accepted or not isinstance(instance.body, dict):
            return {}
        lock = self._contract.lifecycle.lock
        observed: Observed = {lock.feature: lock.field in instance.body} if lock else {}
        if self._shown.read(instance.body, AGENT) == "Up":
            observed[AGENT] = True
        return observed

    def _let_in(self, host: HostName) -> Observed:
        """What a challenge shows."""
        reply = self._read(host.path(self._shown.reading.path), credentials={})
        challenge = reply.headers.get("www-authenticate", "") if reply and reply.status == 401 else ""
        return {BASIC: True} if challenge.lower().startswith("basic") and BASIC in self._contract.features else {}

    def _read(self, path: str, credentials: Mapping[str, str] | None = None) -> Reply | None:
        try:
            return self._client.probe("GET", path, credentials=credentials)
        except LostReplyError:
            return None


def probe(client: Client) -> Observed:
    """What can be told from the first host of a target."""
    host = client.target.hosts[0]
    instance = client.probe("GET", host.path(Representations(client.contract).reading.path))
    return FeatureProbe(client).look(host, instance)


def seen_in(
    contract: Contract, statuses: Mapping[str, Counter[int]], missing: Iterable[str], probed: Mapping[str, bool | None]
) -> Observed:
    """What a run has seen: an operation of the feature was accepted, or `missing` where it should have been.

    What the run did not see is as it was `probed`.
    """
    lacking = frozenset(missing)
    observed: Observed = {}
    for name in contract.features:
        operations = [one.id for one in contract.operations.values() if one.feature == name]
        accepted = any(200 <= status < 300 for one in operations for status in statuses.get(one, ()))
        lacks = any(one in lacking for one in operations)
        observed[name] = True if accepted else False if lacks else probed.get(name)
    return observed


def differences(declared: Mapping[str, bool], observed: Mapping[str, bool | None]) -> list[str]:
    """Where a server is not as it was declared, a sentence each."""
    sentences = []
    for name, expected in declared.items():
        if expected and observed.get(name) is False:
            sentences.append(
                f"the feature {name} is expected and was not found; say --without {name} if it is not there"
            )
        if not expected and observed.get(name):
            sentences.append(f"the feature {name} was found and is not declared: it is not judged")
    return sentences
