"""A shell script for each failure: the request that it is about, with those of its test before it, sent by curl.

For whoever has to mend the server, and has neither this suite nor Python. Credentials come from the environment.
"""

from __future__ import annotations

import re
import shlex
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from contract import Contract
from contract_tests.judging.answer_checks import Representations
from contract_tests.moving.tour import Map, Move, Node
from contract_tests.reports.reading import Body, read_exchanges, read_record
from contract_tests.running.near_misses import told_by
from contract_tests.running.target import APP_KEY_HEADER, Credentials
from contract_tests.sending.exchanges import HIDDEN, OWN_USER
from contract_tests.sending.spelling import format_of

FOLDER = "failures"
LIBRARY = Path(__file__).with_name("failure_script.sh")

TRIES, PAUSE = 300, 0.2
"""How often a script looks for a state, and the seconds between two looks."""

LONG = 60
"""Requests from which on a script begins where the host was last seen without an instance."""

EACH_TEST = 3
"""Failures of one test that get a script."""

_LEFT_TO_CURL = frozenset({"accept", "accept-encoding", "connection", "content-length", "host", "user-agent"})
_SECRET = {"authorization": "$work/user", APP_KEY_HEADER.lower(): "$work/key"}
"""The headers that let in, each with the file of options that has the user's own."""

_NEAR = "$work/near"
"""The file of options with credentials that are nearly the user's own."""

_TOLD = frozenset(told_by(Credentials("user", "password", "key")))
_USER = "$CONTRACT_USER:"
_OWN = [word for file in _SECRET.values() for word in ("--config", file)]

Exchange = Mapping[str, Any]


def write_scripts(folder: Path, contract: Contract) -> list[Path]:
    """Write the scripts of the run that wrote its report into this folder, and remove those of another; their paths."""
    for stale in (folder / FOLDER).glob("*.sh"):
        stale.unlink()
    return [_write(folder / name, text) for name, text in scripts(folder, contract).items()]


def scripts(folder: Path, contract: Contract) -> dict[str, str]:
    """A script for each failure of a run, by its place in the folder.

    None for the findings of a race, which no sequence of requests repeats, nor for what is no HTTP.
    """
    record = read_record(folder)
    wanted = {row["id"]: row for row in record["results"] if row["findings"]}
    sent: dict[str, list[Exchange]] = {name: [] for name in wanted}
    for exchange in read_exchanges(folder):
        if exchange["check"] in sent and "request" in exchange:
            sent[exchange["check"]].append(exchange)
    made = {}
    for name, row in wanted.items():
        for number, finding in enumerate(_repeatable(row, sent[name])[:EACH_TEST], 1):
            before = [one for one in sent[name] if one["number"] <= finding["exchange"]]
            text = "\n".join(_Script(record, contract, row, finding).lines(before)) + "\n"
            made[f"{FOLDER}/{_file_name(name)}-{number}.sh"] = text
    return made


def _repeatable(row: Mapping[str, Any], sent: Sequence[Exchange]) -> list[Mapping[str, Any]]:
    plain = {exchange["number"] for exchange in sent if "raw" not in exchange["request"]}
    return [one for one in row["findings"] if one["exchange"] in plain and not one.get("history")]


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8", "backslashreplace")
    path.chmod(0o755)
    return path


def _file_name(test: str) -> str:
    return re.sub(r"[^\w.-]+", "-", test).strip("-")


class _Script:
    """The lines of one script."""

    def __init__(
        self, record: Mapping[str, Any], contract: Contract, row: Mapping[str, Any], finding: Mapping[str, Any]
    ) -> None:
        self._record, self._contract, self._row, self._finding = record, contract, row, finding
        self._url = str(record["target"]["url"])
        self._absent = contract.lifecycle.absent
        self._member = Representations(contract).members.get("state", "state")

    def lines(self, sent: Sequence[Exchange]) -> Iterator[str]:
        """All of them; the last of `sent` is the request that the finding is about."""
        chain = self._shortened([one for one in sent if "raw" not in one["request"]])
        yield "#!/bin/sh"
        yield from (f"# {line}".rstrip() for line in self._head())
        yield self._library()
        yield from self._start(chain)
        yield f"# what {self._row['id']} did"
        for looked_at, group in groupby(chain[:-1], key=self._looked_at):
            steps = list(group)
            yield from [self._await(steps[-1])] if looked_at else map(self._send, steps)
        yield "# the request in question"
        yield self._send(chain[-1])
        yield 'cat "$work/answer" "$work/body"'

    def _head(self) -> Iterator[str]:
        for name in self._finding["requirements"]:
            rule = self._record["requirements"].get(name)
            yield f"{name}: {rule['statement']}" if rule else name
        yield ""
        for label, member in (("what", "what"), ("expected", "expected"), ("got", "got")):
            yield f"{label + ':':<10}{' '.join(str(self._finding[member]).split())}"
        yield ""
        yield "Needs curl. Set CONTRACT_USER and CONTRACT_PASSWORD, or CONTRACT_APP_KEY, when the server asks for them,"
        yield "and CONTRACT_URL when it is elsewhere now."

    def _library(self) -> str:
        text = LIBRARY.read_text("utf-8").rstrip("\n")
        values = {
            "URL": shlex.quote(self._url),
            "ABSENT": shlex.quote(self._absent),
            "STATE": self._member,
            "APP_KEY_HEADER": APP_KEY_HEADER,
            "TRIES": TRIES,
            "SECONDS": round(TRIES * PAUSE),
        }
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        return f"\n{text}\n"

    def _shortened(self, sent: Sequence[Exchange]) -> Sequence[Exchange]:
        """Of many requests, those since the host was last seen without an instance."""
        if len(sent) <= LONG:
            return sent
        looks = [(place, one) for place, one in enumerate(sent[:-1]) if self._looked_at(one)]
        places = [place for place, one in looks if self._state(one) == self._absent]
        return sent[places[-1] :] if places else sent

    def _start(self, chain: Sequence[Exchange]) -> Iterator[str]:
        """Bring the host where it was, when it has no instance; anything else is for the user to decide."""
        first = next((one for one in chain if self._looked_at(one)), None)
        if first is None:
            return
        state, path = self._state(first), shlex.quote(self._path(first))
        yield f"# where the test began: {state}"
        way = self._way(state)
        if way:
            yield f'if [ "$(state_of {path})" = {self._absent} ]; then'
            for move in way:
                yield f"  {self._trigger(move, self._path(first))}"
                yield f"  await {move.target} {path}"
            yield "fi"
        yield f"now=$(state_of {path})"
        yield f'if [ "$now" != {state} ]; then'
        yield f'  echo "the instance is ${{now:-not to be read}}; bring it to {state}, or delete it, and try again" >&2'
        yield "  exit 3"
        yield "fi"

    def _way(self, state: str) -> Sequence[Move]:
        if state not in self._contract.lifecycle.states:
            return ()
        return Map(self._contract).route(Node(self._absent), Node(state)) or ()

    def _trigger(self, move: Move, instance: str) -> str:
        operation = move.operation
        path = instance + operation.path.rpartition("/instance")[2]
        words = ["send", path, *_OWN, "--request", operation.method]
        if operation.body is not None:
            is_list = self._contract.document.resolve(operation.body.schema).get("type") == "array"
            words += ["--header", "Content-Type: application/json", "--data-raw", "[]" if is_list else "{}"]
        return _words(words)

    def _looked_at(self, exchange: Exchange) -> str | None:
        """The instance that a request only looks at; None for another request, and when it told no state."""
        path = self._path(exchange)
        is_plain = exchange["request"]["method"] == "GET" and path.endswith("/instance") and not _is_odd(exchange)
        return path if is_plain and exchange.get("response") and self._state(exchange) else None

    def _state(self, exchange: Exchange) -> str:
        """The state that an answer shows; empty when it shows none."""
        answer = exchange["response"]
        if answer["status"] == 404:
            return self._absent
        found = re.search(rf'"{re.escape(self._member)}"\s*:\s*"(\w+)"', str(answer["body"]))
        return found[1] if found else ""

    def _await(self, exchange: Exchange) -> str:
        return f"await {self._state(exchange)} {shlex.quote(self._path(exchange))}"

    def _path(self, exchange: Exchange) -> str:
        return str(exchange["request"]["url"]).removeprefix(self._url)

    def _send(self, exchange: Exchange) -> str:
        request = exchange["request"]
        words = ["send", self._path(exchange)]
        names, near = {name.lower() for name in request["headers"]}, ""
        words += ["--head"] if request["method"] == "HEAD" else ["--request", request["method"]]
        for name, value in request["headers"].items():
            if value == HIDDEN and name.lower() in _SECRET:
                words += ["--config", _SECRET[name.lower()]]
            elif value in _TOLD:
                words += ["--config", _NEAR]
                near = f'near "{name}: {value}"\n'
            elif value.startswith(OWN_USER):
                words += ["--user", f"{_USER}{value.removeprefix(OWN_USER)}"]
            elif name.lower() not in _LEFT_TO_CURL:
                words += ["--header", f"{name}: {value}" if value else f"{name};"]
        body = Body.of(request["body"])
        if not body.text:
            return near + _words([*words, "--header", "Content-Length: 0"] if "content-length" in names else words)
        if "content-type" not in names:
            words += ["--header", "Content-Type:"]
        return f"{near}{_body(body)}\n{_words([*words, '--data-binary', '@$work/sent'])}"


def _is_odd(exchange: Exchange) -> bool:
    """Whether a request has headers that no plain one has."""
    names = {name.lower() for name in exchange["request"]["headers"]}
    return bool(names - _LEFT_TO_CURL - _SECRET.keys())


def _words(words: Iterable[str]) -> str:
    """A command line; `$work` and the user's name are the only variables in it."""
    return " ".join(_word(word) for word in words)


def _word(word: str) -> str:
    if word in (*_SECRET.values(), _NEAR, "@$work/sent"):
        return f'"{word}"'
    if word.startswith(_USER):
        return f'"{_USER}"{shlex.quote(word.removeprefix(_USER))}'
    return shlex.quote(word)


def _body(body: Body) -> str:
    """Writes a body into the file that is sent; of one that was not kept whole, the end is made up."""
    data = b64decode(body.text) if body.base64 else body.text.encode("utf-8", "surrogatepass")
    line = f"printf '{format_of(data)}' >\"$work/sent\""
    if body.length is None or body.length <= len(data):
        return line
    rest = body.length - len(data)
    return f"{line}\n# the other {rest} bytes were not kept\nhead -c {rest} /dev/zero | tr '\\0' x >>\"$work/sent\""
