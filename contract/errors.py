"""What can be wrong with a document."""

from __future__ import annotations


class ContractError(Exception):
    """A document that cannot be used. Its text is one line: the first problem, and how many more there are.

    `problems` has them all, each as `FILE:LINE: where.in.dots: what is wrong; what is expected`.
    """

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"{problems[0]}{more}")
