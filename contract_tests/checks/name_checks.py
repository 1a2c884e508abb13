"""The names in a path: what means the same host, what must not reach it, and what names nothing. Reads, all of them.

The contract (names.*): percent-encoded UTF-8 in which %20 is a space; compared code point by code point; 1 to 255
characters, neither a dot nor two. What is sent here is sent byte by byte: a library would mend it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from contract_tests.judging import compare
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.outcomes import Finding
from contract_tests.running.registry import check
from contract_tests.running.target import Level
from contract_tests.sending import spelling
from contract_tests.sending.lines import PLAIN_PATIENCE, Heard, Lines
from contract_tests.sending.raw import Message

ENCODED, EXACT, BOUNDS, UNREADABLE = "names.percent-encoded", "names.exact", "names.bounds", "names.unreadable"
NOT_FOUND, NO_5XX = "errors.not-found", "robustness.no-server-error"
OF_PATH = "representation.names-of-path"
PLACES = ("organization", "environment", "host")


class Reader:
    """Reads a host by paths that are written out. `now` is what it shows by its own path."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.lines = Lines(bench.client)
        self.template = bench.shown.reading.path
        self.names = bench.host.names
        self.now = self._present()

    def _present(self) -> Snapshot:
        if self.bench.target.level is not Level.FULL:
            return self.bench.navigator.rest(self.bench.host)
        states = self.bench.contract.lifecycle.states.items()
        return self.bench.navigator.bring(self.bench.host, next(name for name, state in states if state.guest_runs))

    @property
    def machine(self) -> dict[str, str]:
        """What tells the host's machine from every other; empty without one."""
        return dict(compare.lasting(self.bench.shown, self.now))

    def path(self, place: int, written: str, template: str = "") -> str:
        """The path of the instance, or of something of it, with one name written otherwise."""
        return spelling.path_of(template or self.template, self.names, place, written)

    def read(self, rule: str, what: str, path: str) -> Heard | None:
        """GET; None when there is no answer, which is a doubt, or a 5xx, which is a fault of its own."""
        return self.send(rule, what, self.lines.message("GET", path, b"Connection: close"))

    def send(self, rule: str, what: str, message: Message) -> Heard | None:
        """The same with any message."""
        heard = self.lines.once(message, PLAIN_PATIENCE)
        self.bench.ledger.figures["answers"] += 1
        if heard.reply is None:
            self.bench.ledger.doubt((rule,), f"{what}: {heard}")
        elif heard.reply.status >= 500 and heard.reply.status != 503:
            self.judge(False, NO_5XX, what, "no 5xx, whatever is sent", heard)  # noqa: FBT003 - it does not hold
        else:
            # a front that reads paths may refuse one with 400 before the API; whatever else is said is the API's
            self.bench.client.errors.judge(heard.reply, what, self.bench.ledger, strange=True)
            return heard
        return None

    def shows_it(self, heard: Heard) -> bool:
        """Whether an answer shows the host's own machine."""
        if heard.reply is None or heard.reply.status != 200:
            return False
        return (
            bool(self.machine) and self.machine.items() <= dict(self.bench.shown.properties(heard.reply.body)).items()
        )

    def names_in(self, heard: Heard) -> tuple[object, ...]:
        """The names that an answer shows: of the organization, the environment and the host."""
        body = heard.reply.body if heard.reply else None
        return tuple(self.bench.shown.read(body, role) for role in PLACES)

    def judge(self, holds: bool, rule: str, what: str, expected: str, heard: Heard) -> None:  # noqa: FBT001 - as in require
        """Note that a rule holds, or is broken by an answer."""
        if holds:
            self.bench.ledger.hold((rule,))
        else:
            self.bench.ledger.breach(Finding((rule,), what, expected, str(heard), heard.number, heard.curl))


@dataclass(frozen=True, slots=True)
class _Written:
    """A name as it is written in a path, with the place that it has there."""

    place: int
    what: str
    written: str


def _each(reader: Reader, ways: str) -> Iterator[_Written]:
    for place, name in enumerate(reader.names):
        for what, written in getattr(spelling, ways)(name):
            yield _Written(place, f"GET with {what} in the {PLACES[place]}'s name", written)


@check("names-encoded", "names written in other encodings", level=Level.OBSERVE, requirements=(ENCODED, OF_PATH))
def names_encoded(bench: Bench) -> None:
    """What decodes to the host's names shows the host; what only a wrong decoder takes for them does not."""
    reader = Reader(bench)
    status = reader.now.reply.status
    for way in _each(reader, "same"):
        heard = reader.read(ENCODED, way.what, reader.path(way.place, way.written))
        if heard:
            shows = heard.status == status and (not reader.machine or reader.shows_it(heard))
            expected = f"{status}, as with the name encoded otherwise"
            reader.judge(shows, ENCODED, way.what, expected, heard)
            if reader.shows_it(heard):
                decoded = reader.names_in(heard) == reader.names
                reader.judge(decoded, OF_PATH, way.what, "the names of the path, decoded", heard)
    for way in _each(reader, "misread"):
        heard = reader.read(ENCODED, way.what, reader.path(way.place, way.written))
        if heard:
            reader.judge(not reader.shows_it(heard), ENCODED, way.what, "not this host", heard)


@check("names-exact", "names that are nearly the host's", level=Level.OBSERVE, requirements=(EXACT,))
def names_exact(bench: Bench) -> None:
    """A name that differs in case, in spaces or in Unicode normalisation does not show this host: it is another."""
    reader = Reader(bench)
    if not reader.machine:
        return  # nothing can be seen of a host without a machine
    for place, name in enumerate(reader.names):
        for words, other in spelling.others(name).items():
            what = f"GET with {words}, in the {PLACES[place]}'s name"
            heard = reader.read(EXACT, what, reader.path(place, quote(other, safe="")))
            if heard:
                reader.judge(not reader.shows_it(heard), EXACT, what, "not this host: it is another name", heard)
            if words == spelling.OTHER_CASE and heard and heard.status == 404:
                _console(reader, place, other)


def _console(reader: Reader, place: int, other: str) -> None:
    """Where the instance is not found, nothing of it is: a path of its own may have a look-up of its own."""
    for operation in reader.bench.claimed(reader.bench.contract.operations.values()):
        if operation.method == "GET" and operation.path != reader.template:
            what = f"{operation.id} with {spelling.OTHER_CASE}, in the {PLACES[place]}'s name"
            heard = reader.read(EXACT, what, reader.path(place, quote(other, safe=""), operation.path))
            if heard and heard.reply:
                expected = "nothing: GET of the instance finds no such name"
                reader.judge(not heard.reply.accepted, EXACT, what, expected, heard)


@check("names-loose", "names that a pattern would match", level=Level.OBSERVE, requirements=(NOT_FOUND,))
def names_loose(bench: Bench) -> None:
    """A name with a parameter, a dot, a sign of a pattern or an accent is another one: it does not show this host."""
    reader = Reader(bench)
    if not reader.machine:
        return  # nothing can be seen of a host without a machine
    place, name = len(PLACES) - 1, reader.names[-1]
    for words, other in spelling.loose(name).items():
        what = f"GET with {words}, in the {PLACES[place]}'s name"
        heard = reader.read(NOT_FOUND, what, reader.path(place, quote(other, safe=";=")))
        if heard:
            reader.judge(not reader.shows_it(heard), NOT_FOUND, what, "not this host: it is another name", heard)


@check("names-awkward", "names with awkward characters", level=Level.OBSERVE, requirements=(NOT_FOUND, NO_5XX))
def names_awkward(bench: Bench) -> None:
    """Names that may be, with characters that mean something in SQL, in patterns, in JSON: not found, and no 5xx."""
    reader, place = Reader(bench), len(PLACES) - 1
    for words, text in spelling.AWKWARD.items():
        what = f"GET with {words}, in a made-up {PLACES[place]}'s name"
        written = quote(f"{text}{bench.random.getrandbits(64):016x}", safe="")
        heard = reader.read(NOT_FOUND, what, reader.path(place, written))
        if heard:
            reader.bench.ledger.hold((NO_5XX,))
            lawful = _missing(reader, place)
            reader.judge(heard.status in lawful, NOT_FOUND, what, " or ".join(map(str, lawful)), heard)


@check(
    "names-bounds", "what is too short or too long for a name", level=Level.OBSERVE, requirements=(BOUNDS, NOT_FOUND)
)
def names_bounds(bench: Bench) -> None:
    """Dots and names of 256 characters reach no instance; a name of 255 that cannot exist is not found."""
    reader = Reader(bench)
    for place, name in enumerate(reader.names):
        ways = {**spelling.DOTS, "256 characters": quote(spelling.too_long(name), safe="")}
        for words, written in ways.items():
            what = f"GET with {words} for the {PLACES[place]}'s name"
            heard = reader.read(BOUNDS, what, reader.path(place, written))
            if heard and heard.reply:
                reader.judge(not heard.reply.accepted, BOUNDS, what, "no instance: 404 or 400", heard)
        _longest(reader, place)


def _longest(reader: Reader, place: int) -> None:
    made_up = f"{reader.bench.random.getrandbits(64):016x}".rjust(spelling.LONGEST, "x")
    what = f"GET with a made-up name of {spelling.LONGEST} characters for the {PLACES[place]}"
    heard = reader.read(NOT_FOUND, what, reader.path(place, made_up))
    if heard:
        lawful = _missing(reader, place)
        reader.judge(heard.status in lawful, NOT_FOUND, what, " or ".join(map(str, lawful)), heard)


def _missing(reader: Reader, place: int) -> tuple[int, ...]:
    """What comes for a name that is not there. Who may not see an organization is not told that it is missing: 403."""
    return (404, 403) if place == 0 and reader.bench.target.credentials.headers else (404,)


@check("names-unreadable", "what names nothing", level=Level.OBSERVE, requirements=(UNREADABLE,))
def names_unreadable(bench: Bench) -> None:
    """An encoded slash, a control character or bytes that are not UTF-8 in each name: 404 or 400, for actions too."""
    reader = Reader(bench)
    actions = [one for one in bench.claimed(bench.contract.operations.values()) if one.method == "PUT"]
    made_up = f"{bench.random.getrandbits(64):016x}"
    for words, code in spelling.UNREADABLE.items():
        for place, name in enumerate(reader.names):
            written = f"{quote(name, safe='')}{code}{made_up}"
            what = f"GET with {words} in the {PLACES[place]}'s name"
            heard = reader.read(UNREADABLE, what, reader.path(place, written))
            if heard:
                lawful = (*_missing(reader, place), 400)
                reader.judge(heard.status in lawful, UNREADABLE, what, "404 or 400", heard)
            if actions and bench.target.level is Level.FULL:
                _action(reader, place, words, actions[0].path, written)


def _action(reader: Reader, place: int, words: str, template: str, written: str) -> None:
    what = f"PUT with {words} in the {PLACES[place]}'s name"
    path = spelling.path_of(template, reader.names, place, written)
    heard = reader.send(UNREADABLE, what, reader.lines.message("PUT", path, b"Connection: close"))
    if heard:
        lawful = (*_missing(reader, place), 400)
        reader.judge(heard.status in lawful, UNREADABLE, what, "404 or 400", heard)
