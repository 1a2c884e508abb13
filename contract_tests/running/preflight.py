"""Before any check: is there a server of the contract at the URL, does it let the suite in, what do the hosts have."""

from __future__ import annotations

from contract_tests.moving.navigator import Navigator
from contract_tests.running.target import HostName, Level, is_loopback
from contract_tests.sending.client import Client
from contract_tests.sending.replies import LostReplyError, Reply, TargetGoneError


class NoVerdictError(Exception):
    """There is nothing to judge. Its text is one sentence: what was met, and what to do."""


class Preflight:
    """Looks at every host once before the checks begin."""

    def __init__(self, client: Client, navigator: Navigator) -> None:
        self._client = client
        self._navigator = navigator
        self._target = client.target
        self._absent = client.contract.lifecycle.absent
        self._vacant: dict[HostName, Reply] = {}

    def look(self) -> list[str]:
        """Read from every host. Remarks for the user; NoVerdictError when the server cannot be tested."""
        return [remark for host in self._target.hosts if (remark := self._look_at(host))]

    def _look_at(self, host: HostName) -> str | None:
        try:
            reply = self._client.first_contact(host.path(self._navigator.shown.reading.path))
        except (LostReplyError, TargetGoneError) as error:
            said = f"{self._target.url} does not answer ({error}); {_mend(self._target.url, str(error))}"
            raise NoVerdictError(said) from None
        self._let_in(host, reply)
        if reply.status == 200 and self._is_instance(reply):
            return self._occupied(host, str(self._navigator.shown.read(reply.body, "state")))
        if reply.status == 404:
            self._vacant[host] = reply
        # whoever answers a missing instance in another shape may still be a bad server of the contract: a provision
        # will show it, when it may be sent
        if not self._is_error(reply) and not (reply.status == 404 and self._target.level is Level.FULL):
            raise NoVerdictError(self._stranger(host, reply))
        return None

    def _let_in(self, host: HostName, reply: Reply) -> None:
        url, shown = self._target.url, self._target.credentials.headers
        if 300 <= reply.status < 400:
            where = reply.headers.get("location", "nowhere")
            raise NoVerdictError(f"{url} redirects to {where}; give the URL of the API itself")
        if reply.status == 401:
            wanted = "does not accept these credentials" if shown else "asks for credentials"
            raise NoVerdictError(
                f"{url} {wanted} (401); set CONTRACT_USER and CONTRACT_PASSWORD, or CONTRACT_APP_KEY (see --help)"
            )
        if reply.status == 403 and self._is_error(reply):
            raise NoVerdictError(f"{url} does not let these credentials use {host} (403); name another host or user")

    def _is_instance(self, reply: Reply) -> bool:
        """Whether this may be meant as an instance: an object with two members of one, at least."""
        members = self._navigator.shown.members.values()
        return isinstance(reply.body, dict) and len(reply.body.keys() & set(members)) >= 2

    def _is_error(self, reply: Reply) -> bool:
        """Whether this may be meant as an error of the contract."""
        return reply.status >= 400 and isinstance(reply.body, dict) and "error" in reply.body

    def _stranger(self, host: HostName, reply: Reply) -> str:
        kind = reply.headers.get("content-type", "no media type")
        return (
            f"{self._target.url} does not answer as a server of this contract: GET of the instance of {host} gave "
            f"{reply.status} with {kind}; expected an instance, or an error as JSON"
        )

    def _occupied(self, host: HostName, state: str) -> str | None:
        if self._target.level is not Level.FULL:
            return None
        if not is_loopback(self._target.url):
            raise NoVerdictError(
                f"{host} has an instance ({state}), and the suite deletes nothing that it did not make on a server "
                "that is not this machine; delete it, name another host, or use --allow power"
            )
        return f"{host} has an instance ({state}); it is deleted, as --allow full says"

    def provision(self) -> None:
        """Make an instance on every host that has none, to see that the host is there at all.

        NoVerdictError when it is not, or when the server turns out to be another one.
        """
        lifecycle = self._client.contract.lifecycle
        makers = [one for one in self._navigator.map.triggering if lifecycle.edge(self._absent, str(one.trigger))]
        for host, first in self._vacant.items():
            if not makers or self._target.level is not Level.FULL:
                return
            try:
                self._navigator.look(host)
                reply = self._navigator.fire(makers[0], host)
            except LostReplyError:
                continue  # the checks will meet it again, and say so
            if not self._is_error(first) and not (reply.accepted and self._is_instance(reply)):
                raise NoVerdictError(self._stranger(host, first))
            if reply.status == 404:
                raise NoVerdictError(
                    f"there is no host {host}: {makers[0].id} was answered {reply}; "
                    "name a host that is there with --host"
                )


def _mend(url: str, reason: str) -> str:
    """What to do about a server that does not answer, by what went wrong."""
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        return "its certificate is not trusted: name a file with its authority in REQUESTS_CA_BUNDLE"
    if url.startswith("http:") and any(word in reason.lower() for word in ("reset", "closed", "bad status")):
        return "start the server, or give its URL; if it speaks TLS, that begins with https"
    return "start the server, or give its URL"
