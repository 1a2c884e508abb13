"""A call of the library that cannot be meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from contract import ContractError
from emulator.errors import Refusal, StartError


class UsageError(Exception):
    """A call of this library that cannot be meant: the message says what there is."""


@contextmanager
def explained() -> Iterator[None]:
    """What the emulator refuses is a mistake of whoever called the library."""
    try:
        yield
    except (Refusal, ContractError, StartError, ValueError) as error:
        raise UsageError(str(error)) from None
