"""Removes what runs of the suite left on a server: what their journals name, and nothing else.

An instance is deleted when a journal says that the suite made it and did not remove it, and when it is the machine that
the journal knows. A machine that the suite made the platform forget is imported back first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from uuid import uuid4

from contract import Contract, Operation
from contract_tests.judging.answer_checks import UUID_KEY
from contract_tests.moving.navigator import Navigator
from contract_tests.moving.waiter import Snapshot, Timeouts, Waiter
from contract_tests.running.target import Credentials, Level, Target
from contract_tests.sending.client import Client
from contract_tests.sending.exchanges import ExchangeLog
from contract_tests.sending.journal import FILE, Effect, Journal, LeftOver, effect_of, left_overs
from contract_tests.sending.replies import LostReplyError, TargetGoneError


@dataclass(frozen=True, slots=True)
class Deed:
    """What became of a left-over. `done`: it is not on the server any more, or never was."""

    what: LeftOver
    done: bool
    how: str

    def __str__(self) -> str:
        return f"{'removed' if self.done else 'left'}: {self.what}: {self.how}"


def journals(folder: Path) -> list[Path]:
    """The journals of a report folder: its own, and those of replays and workers below it."""
    return sorted(folder.rglob(FILE))


@dataclass(frozen=True, slots=True)
class Cleaner:
    """How to get at a server. Its answers are judged by nobody."""

    contract: Contract
    credentials: Credentials
    timeouts: Timeouts

    def clean(self, journal: Path) -> Iterator[Deed]:
        """Remove what a journal names, and note it there. The requests are kept beside it, in clean.ndjson."""
        left = left_overs(journal)
        for url in dict.fromkeys(one.url for one in left):
            yield from self._at(url, [one for one in left if one.url == url], journal)

    def _at(self, url: str, left: Sequence[LeftOver], path: Path) -> Iterator[Deed]:
        hosts = tuple(dict.fromkeys(one.host for one in left))
        log = ExchangeLog(path.with_name("clean.ndjson"))
        journal = Journal(path, f"clean {uuid4()}", url)
        client = Client(Target(url, hosts, self.credentials, Level.FULL), self.contract, log)
        client.check_id = "clean"
        client.accounts.journal = journal
        for one in left:
            journal.expect(one)
        try:
            yield from _Site(client, self.timeouts).clear(left)
        finally:
            journal.close()
            log.close()


class _Site:
    """A server on which there is something to remove."""

    def __init__(self, client: Client, timeouts: Timeouts) -> None:
        self._client, self._contract = client, client.contract
        self._navigator = Navigator(client, Waiter(client, timeouts, Random(0)))  # noqa: S311 - jitter

    def clear(self, left: Sequence[LeftOver]) -> Iterator[Deed]:
        """Remove one after another; instances first, so that there is room for what was forgotten."""
        for one in sorted(left, key=lambda one: one.forgotten):
            try:
                yield self._bring_back(one) if one.forgotten else self._delete(one, one.machine)
            except (LostReplyError, TargetGoneError) as error:
                yield Deed(one, done=False, how=f"no answer: {error}")

    def _delete(self, what: LeftOver, machine: str | None) -> Deed:
        """Delete the instance on a host, if it is this machine; one that was never seen is known by its host alone."""
        now = self._navigator.look(what.host)
        if machine is not None and now.body is not None and self._machine(now) is None:
            now = self._navigator.rest(what.host)  # one that is on its way may not have said yet which it is
        if now.body is None:
            return Deed(what, done=True, how="nothing is there any more")
        seen = self._machine(now)
        if machine is not None and seen != machine:
            return Deed(what, done=False, how=f"what is there now is another machine, {seen}: it was not touched")
        self._navigator.unlocked(what.host, now)
        reply = self._client.call(self._operation(Effect.REMOVES), what.host)
        if not reply.accepted:
            return Deed(what, done=False, how=f"DELETE was answered {reply}")
        return Deed(what, done=True, how="deleted")

    def _bring_back(self, what: LeftOver) -> Deed:
        """Import a machine that was forgotten, and delete it."""
        if what.machine is None:
            return Deed(what, done=False, how="it is not known by which name to import it")
        if self._navigator.look(what.host).body is not None:
            return Deed(what, done=False, how="the host has an instance, so that nothing can be imported")
        shown = self._navigator.shown
        body = shown.property_list({UUID_KEY: what.machine})
        reply = self._client.call(self._operation(Effect.IMPORTS), what.host, body=body)
        if not reply.accepted:
            return Deed(what, done=False, how=f"the import was answered {reply}")
        deed = self._delete(what, what.machine)
        return replace(deed, how=f"imported back, and {deed.how}") if deed.done else deed

    def _machine(self, now: Snapshot) -> str | None:
        shown = self._navigator.shown
        return shown.machine(shown.read(now.body, "properties"))

    def _operation(self, effect: Effect) -> Operation:
        operations = self._contract.operations.values()
        return next(one for one in operations if effect_of(one, self._contract) is effect)
