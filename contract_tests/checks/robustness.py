"""What is no HTTP, what is strange HTTP, and whether the server goes on serving others after it and meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from contract import Operation
from contract_tests.checks.framing import BadMessage, bad_messages
from contract_tests.running.bench import Bench
from contract_tests.running.outcomes import Finding
from contract_tests.running.registry import check
from contract_tests.running.target import Level
from contract_tests.sending.lines import PLAIN_PATIENCE, Heard, Lines
from contract_tests.sending.raw import End
from contract_tests.sending.replies import LostReplyError

FRAMING, GOES_ON, NO_5XX = "robustness.bad-framing", "robustness.goes-on", "robustness.no-server-error"
UNCHANGED = "refused.bad-body"

REFUSALS = (400, 408, 414, 431)
OF_HTTP = (501, 505)
"""What HTTP itself has for an unknown encoding, method or version. A library says it and never asks the API.
Noted, not blamed: the contract says what is answered before the API, and 'Nothing else is a 5xx' after that."""

TRIES = 4
"""How often a server is asked whether it still serves. The pauses between grow from a tenth of a second, doubled."""


@dataclass(frozen=True, slots=True)
class Onlooker:
    """Somebody else, who reads the same host all the time."""

    bench: Bench
    lines: Lines
    path: str

    def served(self, what: str, cause: Heard | None = None) -> Heard | None:
        """Ask on another connection; None, and a finding, when nothing answers any more.

        A server that is back after a while has gone on serving: its absence is noted.
        """
        plain = self.lines.message("GET", self.path)
        why = ""
        for attempt in range(TRIES):
            try:
                heard = self.lines.once(plain, PLAIN_PATIENCE)
            except LostReplyError as error:
                why = str(error)
            else:
                if heard.reply and heard.reply.status < 500:
                    if attempt > 1:
                        self.bench.ledger.notes.append(f"away for a while after {what}: {why}")
                    self.bench.ledger.hold((GOES_ON,))
                    return heard
                why = str(heard)
            self.bench.client.clock.sleep(0.1 * 2**attempt)
        number, curl = (cause.number, cause.curl) if cause else (None, None)
        self.bench.ledger.breach(Finding((GOES_ON,), f"GET after {what}", "an answer", why, number, curl))
        return None


def importing(bench: Bench) -> Operation | None:
    """The operation that takes a list of properties, when there is one that may be sent."""
    claimed = bench.claimed(bench.contract.operations.values())
    return next((one for one in claimed if one.body and one.body.required), None)


@check(
    "framing",
    "requests that are no HTTP",
    level=Level.FULL,
    requirements=(FRAMING, GOES_ON, UNCHANGED),
)
def framing(bench: Bench) -> None:
    """Each bad message on a connection of its own, at a host without an instance; after it, a read on another one."""
    lines, host = Lines(bench.client), bench.host
    root, operation = host.path(bench.shown.reading.path), importing(bench)
    onlooker = Onlooker(bench, lines, root)
    bench.navigator.bring(host, bench.contract.lifecycle.absent)
    lines.measure(root)
    for bad in bad_messages(lines, root, host.path(operation.path) if operation else None):
        heard = lines.once(bad.message, lines.patience / 4 if bad.unfinished else None)
        bench.ledger.figures["examples"] += 1
        _judge(bench, bad, heard)
        after = onlooker.served(bad.what, heard)
        if after is None:
            return
        _unchanged(bench, bad, heard, after)


def _judge(bench: Bench, bad: BadMessage, heard: Heard) -> None:
    status = heard.status
    if heard.end is End.SILENT or status in OF_HTTP or (bad.encoded and status is not None and status >= 500):
        bench.ledger.notes.append(f"{bad.what}: {heard}")
    elif status is None or status in REFUSALS or status == 503 or (bad.readable and 400 <= status < 500):
        bench.ledger.hold((FRAMING,))
    elif bad.readable and bad.taken and status < 500:
        bench.ledger.notes.append(f"{bad.what} was taken for HTTP: {status}")
    else:
        expected = "400, 408, 414, 431 or a closed connection"
        bench.ledger.breach(Finding((FRAMING,), bad.what, expected, str(heard), heard.number, heard.curl))


def _unchanged(bench: Bench, bad: BadMessage, heard: Heard, after: Heard) -> None:
    """A refusal made no instance; what a served request made is deleted."""
    if after.status == 404:
        return
    if heard.status is not None and heard.status >= 400:
        expected, got = "no instance still", str(after)
        bench.ledger.breach(Finding((UNCHANGED,), bad.what, expected, got, heard.number, heard.curl))
    bench.navigator.bring(bench.host, bench.contract.lifecycle.absent)
