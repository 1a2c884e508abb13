"""How generated requests are drawn: through schemathesis and Hypothesis, the same for the same seed."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants

from contract_tests.running.bench import Bench


@contextmanager
def undisturbed() -> Iterator[None]:
    """The generator draws the same wherever it runs, and keeps its remarks about itself to itself.

    Left alone, it draws now and then what stands as a constant in modules that are loaded and not installed. A seed
    would draw this in one place and that in another.
    """
    providers.CONSTANTS_CACHE.cache.clear()
    with (
        warnings.catch_warnings(),
        mock.patch.object(providers, "_get_local_constants", return_value=Constants()),
    ):
        warnings.simplefilter("ignore")
        yield
    providers.CONSTANTS_CACHE.cache.clear()


def draw(
    strategy: Any,
    use: Callable[[Any], None],
    bench: Bench,
    examples: int | None = None,
    *,
    number: int | None = None,
) -> None:
    """Draw examples and use each of them; the same seed draws the same. `number`: the seed, when it was taken before.

    The first exception ends it. It does not pass through the engine, which would send the example again to explain it.
    """
    broken: list[Exception] = []

    @seed(bench.seed if number is None else number)
    @settings(
        max_examples=bench.options.max_examples if examples is None else examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(drawn: Any) -> None:
        if broken:
            return
        try:
            use(drawn)
        except Exception as error:  # noqa: BLE001 - it is raised again below
            broken.append(error)

    with undisturbed():
        each()
    if broken:
        raise broken[0]
