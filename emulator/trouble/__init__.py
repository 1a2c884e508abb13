"""Trouble on request: rules that say which requests meet it, and what it is. Off unless asked for.

`kinds` is the table of what there is, `rules` reads what people write, `engine` decides who meets what, and
`bending` and `restless` are what it does to actions and to answers.
"""

from emulator.trouble.engine import Hits, Trouble
from emulator.trouble.rules import QUIET, Operations, Plan, Rule, combine, load_plan, plan_of

__all__ = ["QUIET", "Hits", "Operations", "Plan", "Rule", "Trouble", "combine", "load_plan", "plan_of"]
