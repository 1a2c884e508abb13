"""How many examples a property is tried with: few in `make test`, all in the slow jobs of CI."""

from __future__ import annotations

import os


def examples(many: int) -> int:
    """So many where THOROUGH is set, a tenth, but twenty at least, where it is not."""
    return many if "THOROUGH" in os.environ else max(many // 10, 20)
