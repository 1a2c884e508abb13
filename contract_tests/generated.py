"""How generated requests are drawn: through schemathesis and Hypothesis, the same for the same seed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from contract_tests.bench import Bench


def draw(strategy: Any, use: Callable[[Any], None], bench: Bench, examples: int | None = None) -> None:
    """Draw examples and use each of them; the same seed draws the same."""

    @seed(bench.seed)
    @settings(
        max_examples=bench.options.max_examples if examples is None else examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(drawn: Any) -> None:
        use(drawn)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # remarks of the generator about itself are nothing for the user
        each()
