"""What one check has found out, rule by rule. A rule counts as held only when something was seen that shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from contract_tests.running.outcomes import Finding, Judged, Verdict, worst
from contract_tests.sending.replies import Reply


class Ledger:
    """The evidence of one check. `cells` are the rows of the lifecycle that it tried, for the record."""

    def __init__(self) -> None:
        self.held: Counter[str] = Counter()
        self.findings: list[Finding] = []
        self.unclear: dict[str, str] = {}
        self.inapplicable: dict[str, str] = {}
        self.unasked: dict[str, str] = {}
        self.notes: list[str] = []
        self.figures: Counter[str] = Counter()

    def hold(self, requirements: Iterable[str]) -> None:
        """Something was seen that shows these rules kept."""
        self.held.update(requirements)

    def breach(self, finding: Finding) -> None:
        """Something was seen that breaks a rule."""
        self.findings.append(finding)

    def require(
        self,
        holds: bool,  # noqa: FBT001 - what is required comes first, as in an assertion
        requirements: Iterable[str],
        what: str,
        *,
        expected: str,
        got: object,
        reply: Reply,
    ) -> bool:
        """Note that rules hold, or are broken by this answer. Returns whether they hold."""
        ids = tuple(requirements)
        if holds:
            self.hold(ids)
        else:
            self.breach(Finding(ids, what, expected, str(got), reply.number, reply.curl))
        return holds

    def doubt(self, requirements: Iterable[str], reason: str) -> None:
        """These rules could not be judged; the first reason is kept."""
        for requirement in requirements:
            self.unclear.setdefault(requirement, reason)

    def pass_over(self, requirements: Iterable[str], reason: str) -> None:
        """These rules do not apply to this server."""
        for requirement in requirements:
            self.inapplicable.setdefault(requirement, reason)

    def leave_out(self, requirements: Iterable[str], reason: str) -> None:
        """These rules were not looked at, because the user did not ask for it."""
        for requirement in requirements:
            self.unasked.setdefault(requirement, reason)

    def judged(self) -> dict[str, Judged]:
        """Each requirement about which there is something to say, with its verdict here."""
        broken = {requirement: finding for finding in reversed(self.findings) for requirement in finding.requirements}
        judged: dict[str, Judged] = {}
        for requirement in {**self.inapplicable, **self.unasked, **self.held, **self.unclear, **broken}:
            if requirement in broken:
                finding = broken[requirement]
                judged[requirement] = Judged(Verdict.FAILED, f"{finding.what}: {finding.got}")
            elif requirement in self.unclear:
                judged[requirement] = Judged(Verdict.INCONCLUSIVE, self.unclear[requirement])
            elif requirement in self.held:
                judged[requirement] = Judged(Verdict.PASSED)
            elif requirement in self.unasked:
                judged[requirement] = Judged(Verdict.NOT_RUN, self.unasked[requirement])
            else:
                judged[requirement] = Judged(Verdict.NOT_APPLICABLE, self.inapplicable[requirement])
        return judged

    def verdict(self) -> Verdict:
        """The check's own: its worst requirement; inconclusive when nothing was seen at all."""
        if self.findings:
            return Verdict.FAILED
        verdicts = [row.verdict for row in self.judged().values()]
        return worst(verdicts) if verdicts else Verdict.INCONCLUSIVE
