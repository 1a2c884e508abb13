"""A verdict on a client, from what a journal says that it did. Pure functions over entries; nobody is asked again."""

from emulator.judging.case import Case, Terms
from emulator.judging.rule import Rule
from emulator.judging.rules import RULES
from emulator.judging.verdict import Finding, Verdict, judge

__all__ = ["RULES", "Case", "Finding", "Rule", "Terms", "Verdict", "judge"]
