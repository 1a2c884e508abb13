"""The machine behind an instance: what a provision must give it, and what an import must show."""

from __future__ import annotations

from collections.abc import Mapping

from contract_tests.bench import Bench
from contract_tests.compare import VOLATILE
from contract_tests.moves import UUID_KEY, Made
from contract_tests.replies import Reply
from contract_tests.target import HostName
from contract_tests.tour import Move
from contract_tests.waiter import Snapshot

MAC_KEY, ADDRESS_KEY = "mac", "ip.eth0"
COMPLETE = (UUID_KEY, MAC_KEY, "libvirt.hostUuid", "amqp.user_queue")
"""The properties that every provisioned machine has (openapi.yaml: identity.complete)."""


class Identities:
    """Judges machines as they come, and remembers those that were made."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._made: list[Mapping[str, str]] = []

    def provisioned(self, host: HostName, move: Move, made: Made) -> None:
        """A machine was provisioned and runs."""
        bench, where, reply, course = self._bench, str(move), made.reply, made.course
        properties = dict(bench.shown.properties(course.last.body))
        bench.ledger.hold(("operations.provision-makes-instance",))
        bench.ledger.require(
            bench.shown.read(reply.body, "state") is not None,
            ("operations.provision-answers-representation",),
            where,
            expected="the representation of the new instance",
            got=reply,
            reply=reply,
        )
        missing = [key for key in COMPLETE if not properties.get(key)]
        bench.ledger.require(
            not missing,
            ("identity.complete",),
            where,
            expected=f"the properties {', '.join(COMPLETE)}",
            got=f"without {', '.join(missing)}",
            reply=course.last.reply,
        )
        again = [
            key for key in (UUID_KEY, MAC_KEY) for other in self._made if properties.get(key, "") == other.get(key)
        ]
        if self._made and not missing:
            bench.ledger.require(
                not again,
                ("identity.new-on-provision",),
                where,
                expected="a libvirt.uuid and a mac that no machine before had",
                got=f"the {', '.join(again)} of the machine before",
                reply=course.last.reply,
            )
        self._made.append(properties)
        if len(self._made) == 1 and bench.contract.lifecycle.states[course.last.state].guest_runs:
            self._address(host)

    def _address(self, host: HostName) -> None:
        def has_address(look: Snapshot) -> bool:
            return bool(dict(self._bench.shown.properties(look.body)).get(ADDRESS_KEY))

        seconds = self._bench.waiter.timeouts.address
        if has_address(self._bench.waiter.until(host, has_address, seconds)):
            self._bench.ledger.hold(("identity.address",))
        else:
            reason = f"the machine shows no {ADDRESS_KEY} after {seconds:g} s; clients wait for it without end"
            self._bench.ledger.doubt(("identity.address",), reason)

    def imported(self, move: Move, made: Made) -> None:
        """An import was accepted and has settled."""
        bench, where, reply, course = self._bench, str(move), made.reply, made.course
        bench.ledger.hold(("operations.import-makes-instance",))
        sent = dict(bench.shown.pairs(made.sent))
        self._shows(sent, bench.shown.properties(reply.body), f"{where}, the answer", reply)
        lasting = {key: value for key, value in sent.items() if not key.startswith(VOLATILE)}
        self._shows(lasting, bench.shown.properties(course.last.body), f"{where}, then GET", course.last.reply)
        if move.known:
            bench.ledger.hold(("lifecycle.forget-keeps-machine",))

    def _shows(self, sent: Mapping[str, str], shown: list[tuple[str, str]], where: str, reply: Reply) -> None:
        wrong = [key for key, value in sent.items() if (key, value) not in shown]
        self._bench.ledger.require(
            not wrong,
            ("properties.values-kept",),
            where,
            expected="every property as it was sent",
            got=f"without {', '.join(wrong)}, or with another value",
            reply=reply,
        )
