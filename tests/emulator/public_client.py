"""A client with the manner of the platform's public one, down to the bytes that it sends."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from tests.patience import PATIENCE

Value = TypeVar("Value")
Host = tuple[str, str, str]


class ApiError(Exception):
    """A refusal as the client shows it: its code, and its list of messages in brackets."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Wire:
    """One connection for each request, headers in lower case, and a body of JSON or none."""

    def __init__(self, port: int, credentials: Mapping[str, str]) -> None:
        self._port = port
        self._credentials = credentials

    def send(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """The code and the decoded body of the answer, None when it is empty. ApiError for 400 and above."""
        target = "/" + quote(path, safe="/%") + ("?" + urlencode(query) if query else "")
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            data = None if body is None else json.dumps(body).encode()
            for name, value in self._headers(method, data).items():
                connection.putheader(name, value)
            connection.endheaders(data)
            answer = connection.getresponse()
            return answer.status, _decoded(answer)
        finally:
            connection.close()

    def _headers(self, method: str, data: bytes | None) -> dict[str, str]:
        headers = {"host": f"127.0.0.1:{self._port}", **self._credentials, "content-type": "application/json"}
        if data is not None or method in ("PUT", "POST"):
            headers["content-length"] = str(len(data or b""))
        return {**headers, "connection": "close"}


def _decoded(answer: http.client.HTTPResponse) -> Any:
    text = answer.read().decode()
    if answer.status < 300:
        return json.loads(text) if text else None
    if answer.status < 400:
        raise AssertionError(f"{answer.status}: the client does not survive a redirect")
    raise ApiError(answer.status, "[" + ", ".join(json.loads(text)["error"]) + "]")


class PublicClient:
    """The commands of the client. Each that is about a host reads the host first."""

    def __init__(self, port: int, credentials: Mapping[str, str], pause: Callable[[], object] = lambda: None) -> None:
        self._wire = Wire(port, credentials)
        self._pause = pause

    def create(self, collection: str, **members: Any) -> Any:
        """Make a thing in a collection, such as `organizations/Acme/environments/`."""
        return self._wire.send("POST", collection, members, {"populate": "false"})[1]

    def names(self, collection: str) -> list[str]:
        """The names of what is in a collection; a second page is never asked for."""
        listed = self._wire.send("GET", collection, query={"secret_only": False, "no_secret": False})[1]
        return [item["name"] for item in listed["items"]] if int(listed["count"]) > 0 else []

    def rename(self, thing: str, name: str) -> Any:
        """Send all that was read of a thing back to its address with a slash, under another name."""
        return self._wire.send("PUT", thing + "/", {**self._wire.send("GET", thing)[1], "name": name})[1]

    def update(self, thing: str, **members: Any) -> Any:
        """Send what was read of a thing back, save its version, with other members."""
        known = {name: value for name, value in self._wire.send("GET", thing)[1].items() if name != "version"}
        return self._wire.send("PUT", thing, known | members, {"force": False})[1]

    def remove(self, thing: str) -> None:
        """Delete a thing; one that is not there is done."""
        try:
            self._wire.send("DELETE", thing, query={"force": False})
        except ApiError as error:
            if error.code != 404:
                raise

    def host(self, host: Host) -> Any:
        """The host."""
        return self._wire.send("GET", _address(host))[1]

    def instance(self, host: Host) -> Any:
        """The instance, after a look at the host."""
        self.host(host)
        return self._wire.send("GET", _address(host, "instance/"))[1]

    def provision(self, host: Host) -> Any:
        """A new machine, with `{}` for a body."""
        self.host(host)
        return self._wire.send("POST", _address(host, "instance/"), {}, {"populate": "false"})[1]

    def import_instance(self, host: Host, properties: list[dict[str, str]]) -> Any:
        """An instance for a machine that is there."""
        self.host(host)
        return self._wire.send("POST", _address(host, "instance/properties"), properties)[1]

    def power(self, host: Host, action: str) -> None:
        """One of `_start`, `_pause`, `_resume`, `_stop`, `_off` and `_forget`; exactly 202 is taken for an answer."""
        self.instance(host)
        code, body = self._wire.send("PUT", _address(host, f"instance/{action}"))
        assert (code, body) == (202, None)

    def lock(self, host: Host, *, locked: bool) -> bool:
        """Lock, or unlock what reads true; whether a request was needed. Exactly 200 is taken for an answer."""
        if self.instance(host)["locked"] is locked:
            return False
        assert self._wire.send("POST", _address(host, f"instance/{'lock' if locked else 'unlock'}"))[0] == 200
        return True

    def vnc(self, host: Host) -> Any:
        """Where the screen is."""
        self.instance(host)
        return self._wire.send("GET", _address(host, "instance/vnc"))[1]

    def delete_instance(self, host: Host) -> None:
        """Delete the machine."""
        self.host(host)
        self.remove(_address(host, "instance/"))

    def audit(self, host: Host) -> list[str]:
        """The messages of the audit."""
        self.host(host)
        return [entry["message"] for entry in self._wire.send("GET", _address(host, "audit/"))[1]["items"]]

    def changes(self, host: Host, *, show_processed: bool) -> list[Any]:
        """The changes, of which only those on their way unless told otherwise."""
        query = {"show_processed": show_processed}
        return list(self._wire.send("GET", _address(host, "changes/"), query=query)[1]["items"])

    def clear_changes(self, host: Host) -> None:
        """Delete all changes."""
        self._wire.send("DELETE", _address(host, "changes/"))

    def wait_for_address(self, host: Host) -> str:
        """Poll the instance until it has an address."""

        def address() -> str | None:
            found = [item["value"] for item in self.instance(host)["properties"] if item["key"] == "ip.eth0"]
            return found[0] if found else None

        return self._until(address)

    def wait_for_ready(self, host: Host) -> None:
        """Poll the host until it is READY."""
        self._until(lambda: self.host(host)["state"] == "READY")

    def wait_for_changes(self, host: Host) -> None:
        """Poll the changes until none has a PENDING task."""

        def is_done() -> bool:
            tasks = [task for change in self.changes(host, show_processed=False) for task in change["tasks"]]
            return all(task["status"] != "PENDING" for task in tasks)

        self._until(is_done)

    def wait_for_state(self, host: Host, state: str) -> None:
        """Poll the instance until it is in this state."""
        self._until(lambda: self.instance(host)["state"] == state)

    def _until(self, look: Callable[[], Value | None]) -> Value:
        """Look until there is something, with a pause after each look; the real client sleeps."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if seen := look():
                return seen
            self._pause()
        raise AssertionError(f"what the client polls for did not come in {PATIENCE} s")


def _address(host: Host, below: str = "") -> str:
    organization, environment, name = host
    address = f"organizations/{organization}/environments/{environment}/hosts/{name}"
    return f"{address}/{below}" if below else address
