"""Options that can also be given by environment variable, as their help says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def option(*names: str, **attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option of click that shows its variable and its default."""
    return click.option(*names, show_envvar=True, show_default=attributes.pop("show_default", True), **attributes)
