"""What is wrong with a seed or a state that was sent is the sender's to mend."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from contract import ContractError
from emulator.errors import Malformed


@contextmanager
def told_as_refusal() -> Iterator[None]:
    """Malformed, with all that a ContractError says."""
    try:
        yield
    except ContractError as error:
        raise Malformed(*error.problems) from None
