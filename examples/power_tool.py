"""A small client of the instance API, as one writes them: the code under test in these examples.

It knows nothing of emulators: it takes a URL, and waits with the clock of the machine.
"""

from __future__ import annotations

import json
import time
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

POLL_SECONDS = 3
ATTEMPTS = 5


class PowerTool:
    """Switches the machines of one environment on and off."""

    def __init__(self, url: str, organization: str, environment: str) -> None:
        self._hosts = f"{url}/organizations/{quote(organization)}/environments/{quote(environment)}/hosts"

    def state(self, host: str) -> str:
        """The state of a host's machine."""
        with self._ask("GET", host) as answer:
            return json.load(answer)["state"]

    def pause(self, host: str) -> None:
        """Pause a machine that runs; one that does not is left as it is."""
        if self.state(host) == "RUNNING":
            self._ask("PUT", host, "/_pause").close()

    def shut_down(self, host: str, patience: float = 300) -> None:
        """Shut a machine down, and wait until it is off. TimeoutError when it is not in so many seconds."""
        deadline = time.monotonic() + patience
        self._ask("PUT", host, "/_shutdown").close()
        while self.state(host) != "STOPPED":
            if time.monotonic() > deadline:
                raise TimeoutError(f"{host} is not off after {patience} s")
            time.sleep(POLL_SECONDS)

    def power_off(self, host: str) -> None:
        """Switch a machine off, whether or not its guest agrees."""
        self._ask("PUT", host, "/_off").close()

    def _ask(self, method: str, host: str, action: str = ""):
        """Send a request; one that the platform cannot serve now is sent again."""
        request = Request(f"{self._hosts}/{quote(host)}/instance{action}", method=method)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return urlopen(request, timeout=10)
            except HTTPError as error:
                with error:
                    if error.code != 503 or attempt == ATTEMPTS:
                        raise
                    time.sleep(float(error.headers.get("Retry-After", 1)))
        raise AssertionError("unreachable")
