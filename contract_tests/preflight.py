"""Before any check: is there a server of the contract at the URL, does it let the suite in, what do the hosts have."""

from __future__ import annotations

from typing import Any

from contract import Contract
from contract_tests.client import Client
from contract_tests.navigator import Navigator
from contract_tests.replies import LostReplyError, Reply, TargetGoneError
from contract_tests.target import HostName, Level, is_loopback


class NoVerdictError(Exception):
    """There is nothing to judge. Its text is one sentence: what was met, and what to do."""


def preflight(client: Client, navigator: Navigator) -> list[str]:
    """Look at every host once. Remarks for the user; NoVerdictError when the server cannot be tested."""
    remarks = []
    for host in client.target.hosts:
        reply = _first_look(client, host)
        remark = _judge(client, navigator, host, reply)
        if remark:
            remarks.append(remark)
    return remarks


def _first_look(client: Client, host: HostName) -> Reply:
    path = host.path(next(iter(client.contract.operations.values())).path)
    try:
        return client.probe("GET", path)
    except (LostReplyError, TargetGoneError) as error:
        raise NoVerdictError(
            f"{client.target.url} does not answer ({error}); start the server, or give its URL"
        ) from None


def _judge(client: Client, navigator: Navigator, host: HostName, reply: Reply) -> str | None:
    url, shown = client.target.url, client.target.credentials.headers
    if 300 <= reply.status < 400:
        where = reply.headers.get("location", "nowhere")
        raise NoVerdictError(f"{url} redirects to {where}; give the URL of the API itself")
    if reply.status == 401:
        wanted = "does not accept these credentials" if shown else "asks for credentials"
        raise NoVerdictError(
            f"{url} {wanted} (401); give --user and --password, or --app-key, or set CONTRACT_USER and so on"
        )
    if not is_ours(client.contract, reply):
        kind = reply.headers.get("content-type", "no media type")
        raise NoVerdictError(
            f"{url} does not answer as a server of this contract: GET of the instance of {host} "
            f"gave {reply.status} with {kind}; expected an instance, or an error as JSON"
        )
    if reply.status == 403:
        raise NoVerdictError(f"{url} does not let these credentials use {host} (403); name another host or user")
    if reply.status != 200:
        return None
    return _occupied(client, host, str(navigator.shown.read(reply.body, "state")))


def is_ours(contract: Contract, reply: Reply) -> bool:
    """Whether this can be an answer of a server of the contract: an object for 200, the shape of an error else."""
    body: Any = reply.body
    if reply.status == 200:
        return isinstance(body, dict) and "state" in _roles(contract, body)
    return reply.status >= 400 and isinstance(body, dict) and len(body) > 0


def _roles(contract: Contract, body: dict[str, Any]) -> set[str]:
    for operation in contract.operations.values():
        for response in operation.responses.values():
            members = contract.document.members(response.schema) if response.schema else {}
            if "state" in members:
                return {role for role, name in members.items() if name in body}
    return set()


def _occupied(client: Client, host: HostName, state: str) -> str | None:
    if client.target.level is not Level.FULL:
        return None
    if not is_loopback(client.target.url):
        raise NoVerdictError(
            f"{host} has an instance ({state}), and the suite deletes nothing that it did not make on a server "
            "that is not this machine; delete it, name another host, or use --allow power"
        )
    return f"{host} has an instance ({state}); it is deleted, as --allow full says"


def no_such_host(client: Client, navigator: Navigator) -> None:
    """NoVerdictError when a host has no instance and cannot get one, because there is no such host."""
    absent = client.contract.lifecycle.absent
    makers = [one for one in navigator.map.triggering if client.contract.lifecycle.edge(absent, str(one.trigger))]
    for host in client.target.hosts if makers else ():
        try:
            reply = navigator.fire(makers[0], host) if navigator.look(host).state == absent else None
        except LostReplyError:
            continue  # the checks will meet it again, and say so
        if reply is not None and reply.status == 404:
            raise NoVerdictError(
                f"there is no host {host}: {makers[0].id} was answered {reply}; name a host that is there with --host"
            )
