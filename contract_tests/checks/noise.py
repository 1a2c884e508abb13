"""Generated noise around operations that read no body: query parameters and bodies that must not matter.

Such an operation has nothing to draw but names, and names are never drawn: a drawn name could be another host's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import strategies as st

from contract import Contract, Operation
from contract_tests.checks.name_checks import NO_5XX, Reader
from contract_tests.judging import cells, compare
from contract_tests.moving.navigator import CannotReachError
from contract_tests.moving.tour import Move, Node
from contract_tests.moving.waiter import Snapshot
from contract_tests.running.bench import Bench
from contract_tests.running.registry import check, check_each
from contract_tests.running.target import Level, level_of
from contract_tests.sending.generated import draw
from contract_tests.sending.replies import LostReplyError, Reply

QUERY, ACTION_BODY = "http.unknown-query", "operations.action-body"
REFUSED = {400: "refused.bad-body", 409: cells.UNCHANGED, 415: "refused.bad-body"}
"""The requirement that a refusal changes nothing, by its status; `refused.others` for any other."""

OVERRIDE = {"_method": "DELETE", "format": "xml"}
"""What frameworks take from a query unless they are told not to: another method for a form, another form of answer."""

LEGAL_SECONDS = 0.5
"""What examples that have to be undone may cost on a slow server; one is sent in any case."""


QUESTIONS = (
    ("the parameters of the platform's own client", "secret_only=True&force=True&show_processed=True", True),
    ("a parameter twice", "a=1&a=2", True),
    ("parameters that name a list", "a%5B%5D=1&a%5Bb%5D=2", True),
    ("parameters that ask for another form", "format=xml&callback=f&fields=host&pretty=true", True),
    ("bytes that are not UTF-8", "a=%FF%FE", False),
    ("an encoding that is none", "a=%zz", False),
)
"""Queries in words and as they are written, and whether they are well-formed: only those have to be ignored."""


@check("queries", "queries that nobody asked for, byte by byte", level=Level.OBSERVE, requirements=(QUERY, NO_5XX))
def queries(bench: Bench) -> None:
    """Queries that a library would not write so: they change nothing of what is read."""
    reader = Reader(bench)
    path, usual = bench.host.path(reader.template), reader.now.reply.status
    for words, query, is_formed in QUESTIONS:
        what = f"GET with {words} in the query"
        heard = reader.read(QUERY, what, f"{path}?{query}")
        if heard:
            bench.ledger.hold((NO_5XX,))
        if heard and is_formed:
            same = heard.status == usual and (not reader.machine or reader.shows_it(heard))
            reader.judge(same, QUERY, what, f"{usual}, as without", heard)


def _without_body(contract: Contract) -> Iterable[tuple[Operation, Level, Iterable[str]]]:
    for operation in contract.operations.values():
        if operation.body is None:
            rules = (QUERY,) if operation.method == "GET" else (QUERY, ACTION_BODY)
            yield operation, level_of(operation, contract), rules


@check_each("noise", "query parameters and bodies that nobody asked for on", operations=_without_body)
def noise(bench: Bench, operation: Operation) -> None:
    """Unknown query parameters and, on a write, a body that no action reads: from a refusing and from a legal state."""
    Noise(bench, operation).run()


QUERIES = st.dictionaries(
    st.sampled_from(["secret_only", "force", "show_processed", "show_in_progress", "x-unknown"])
    | st.text(
        st.characters(min_codepoint=33, max_codepoint=0x17F, exclude_categories=("Cs", "Cc")), min_size=1, max_size=8
    ),
    st.sampled_from(["False", "True", "", "1"]) | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8),
    min_size=1,
    max_size=3,
)
"""Query parameters: those that the platform's own client sends, and unknown ones."""

OF_CLIENT = {"force": "False"}
"""What the platform's own client sends with an action that is not forced."""

JSON_BODIES = st.sampled_from([{}, [], {"force": True}]) | st.dictionaries(
    st.text(max_size=5), st.integers(), max_size=2
)
"""Bodies for operations that read none."""


class Noise:
    """Sends an operation with things around it that must not matter."""

    def __init__(self, bench: Bench, operation: Operation) -> None:
        self._bench = bench
        self._operation = operation
        self._lifecycle = bench.contract.lifecycle

    def run(self) -> None:
        """One example in ten is sent where a write is legal: each of those has to be undone."""
        if self._operation.id in self._bench.client.missing:
            self._bench.ledger.pass_over((QUERY, ACTION_BODY), f"{self._operation.id} is not there")
            return
        has_body = self._operation.method != "GET"
        numbers = [self._bench.seed for _ in range(4)]  # before any waiting, which draws for its jitter
        examples = self._bench.options.max_examples
        states = list(self._within_reach())
        refusing = [state for state in states if not self._is_legal(state)]
        legal = [state for state in states if self._is_legal(state)]
        undone = max(examples // 10, 2)
        if self._operation.trigger is not None:
            undone = self._bench.affordable(undone, LEGAL_SECONDS)
        if not has_body:  # what only reads is tried where it has something to show
            examples, undone = undone, examples
        more = st.none() | JSON_BODIES if has_body else st.none()
        rounds = (
            (refusing[:1], examples, QUERIES, more),
            (legal[:1], 1, st.just(OF_CLIENT), st.none()),
            (legal[:1], undone - has_body - 1, QUERIES, st.none()),
            (legal[:1], int(has_body), QUERIES, JSON_BODIES),  # a body is tried where it could change what is done
        )
        for (state, count, query, body), number in zip(rounds, numbers, strict=True):
            for one in state if count > 0 else ():
                draw(st.tuples(st.just(one), query, body), self._try, self._bench, count, number=number)
        if self._operation.method == "POST" and legal:
            self._try((legal[0], OVERRIDE, None))

    def _within_reach(self) -> Iterator[str]:
        """The settled states that the level lets the host be brought into, those of known machines first."""
        navigator = self._bench.navigator
        now = navigator.unlocked(self._bench.host, navigator.rest(self._bench.host))
        targets = {target for _, _, target in navigator.map.all_moves(navigator.node(self._bench.host))}
        for kind in ("stable", "absent"):
            for name, state in self._lifecycle.states.items():
                if state.kind == kind and name in {now.state, *targets}:
                    yield name

    def _is_legal(self, state: str) -> bool:
        if self._operation.trigger is not None:
            return self._lifecycle.edge(state, self._operation.trigger) is not None
        return state in (self._operation.legal_in or set(self._lifecycle.states) - {self._lifecycle.absent})

    def _try(self, drawn: tuple[str, dict[str, str], Any]) -> None:
        state, query, body = drawn
        bench, operation = self._bench, self._operation
        rules = (QUERY,) if body is None else (ACTION_BODY,)
        what = f"{operation.id} in {state} with {'a query' if body is None else 'a body'} that it does not know"
        try:
            before = bench.navigator.bring(bench.host, state)
            # one thing at a time: what came of it shall tell which it was
            asked = {"query": query} if body is None else {"body": body}
            reply = bench.client.call(operation, bench.host, **asked)
            bench.navigator.mover.note(operation, bench.host, before, reply)
            if 400 <= reply.status < 500:
                self._unchanged(what, before, reply)
            self._judge(state, rules, what, reply, refusals=() if body is None else (400, 415))
            self._effect(before, rules, what, reply)
        except LostReplyError as error:
            bench.ledger.doubt(rules, f"{what}: {error}")

    def _unchanged(self, what: str, before: Snapshot, reply: Reply) -> None:
        bench = self._bench
        rule = REFUSED.get(reply.status, "refused.others")
        difference = compare.changed(bench.shown, before, bench.navigator.look(bench.host))
        expected = "the instance as it was"
        bench.ledger.require(difference is None, (rule,), what, expected=expected, got=difference, reply=reply)

    def _judge(self, state: str, rules: tuple[str, ...], what: str, reply: Reply, refusals: tuple[int, ...]) -> None:
        bench, operation = self._bench, self._operation
        bench.ledger.figures["examples"] += 1
        if reply.status >= 500:
            return  # charged already, as in every answer
        refusal = 404 if state == self._lifecycle.absent else 409
        usual = operation.success if self._is_legal(state) else refusal
        holds = reply.status in (usual, *refusals) or bench.same_without(operation, state, reply)
        expected = " or ".join(map(str, (usual, *refusals)))
        bench.ledger.require(holds, rules, what, expected=expected, got=reply, reply=reply)

    def _effect(self, before: Snapshot, rules: tuple[str, ...], what: str, reply: Reply) -> None:
        """What was accepted does what it does without, and what was read shows what it shows without."""
        bench = self._bench
        moves = [move for move in bench.navigator.map.moves(Node(before.state)) if move.operation is self._operation]
        if self._operation is bench.shown.reading and reply.status == 200:
            shown = Snapshot(str(bench.shown.read(reply.body, "state")), reply.body, reply)
            difference = compare.changed(bench.shown, before, shown)
            expected = "what GET shows without"
            bench.ledger.require(difference is None, rules, what, expected=expected, got=difference, reply=reply)
        elif moves and reply.accepted:
            course = bench.navigator.mover.follow(bench.host, moves[0], reply)
            arrived = course.last.state == moves[0].target
            holds = arrived or not self._leads_without(moves[0])
            bench.ledger.require(holds, rules, what, expected=moves[0].target, got=course, reply=reply)

    def _leads_without(self, move: Move) -> bool:
        """Whether the operation as it is leads where it shall; what is wrong with it is judged elsewhere."""
        bench = self._bench
        try:
            bench.navigator.bring(bench.host, move.edge.state)
        except CannotReachError:
            return False
        return bench.navigator.make(bench.host, move) is not None
