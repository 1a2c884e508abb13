"""The configuration file: what the options are when neither the command line nor the environment says so.

Its keys are the names of the options without the dashes in front, and `url`. Secrets are no keys.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from contract_tests.running.near import hint
from contract_tests.running.target import TargetError

FILE = "contract-tests.toml"
"""Read from the working directory when it is there and --config names no other."""

SECRETS = {"password": "CONTRACT_PASSWORD", "app-key": "CONTRACT_APP_KEY"}
"""Keys that are refused, each with the variable where it belongs."""

_OWN = ("config", "help", "dry-run")
"""Options that belong to one call: a file that says --dry-run would make every run green."""


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --config. It is read before the other options, which take from it what nobody says otherwise."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        show_envvar=True,
        callback=_use,
        help=f"A TOML file with options; the environment and the command line win.  [default: {FILE}, if it is there]",
    )(command)


def _use(context: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is None and Path(FILE).is_file():
        path = Path(FILE)
    if path is not None:
        context.default_map = read_config(path, _options(context), context)


def _options(context: click.Context) -> Mapping[str, click.Parameter]:
    """What may stand in the file: the options of this command, and of all others, which do not use it here."""
    group = context.find_root().command
    commands = group.commands.values() if isinstance(group, click.Group) else ()
    parameters = [one for command in (*commands, context.command) for one in command.params]
    return {key: one for one in parameters if (key := key_of(one)) not in _OWN}


def key_of(parameter: click.Parameter) -> str:
    """The key of an option in the file: its name without the dashes in front."""
    return max(parameter.opts, key=len).lstrip("-")


def read_config(path: Path, options: Mapping[str, click.Parameter], context: click.Context) -> dict[str, Any]:
    """The values of a file, by the names of their parameters. TargetError, one line, names the file and the key.

    A path in the file is relative to the folder of the file.
    """
    values: dict[str, Any] = {}
    for key, value in _rows(path).items():
        if key in SECRETS:
            raise TargetError(
                f"{path}: {key}: a secret does not belong in this file; set {SECRETS[key]}, or name a file: {key}-file"
            )
        option = options.get(key)
        if option is None or (isinstance(option, click.Argument) and key != "url"):
            allowed = [name for name in options if name not in SECRETS]
            raise TargetError(f"{path}: {key}: there is no such option; {hint(key, allowed) or 'run --help has all'}")
        values[str(option.name)] = _value(path, key, value, option, context)
    return values


def _rows(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise TargetError(f"--config {path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetError(f"{path}: this is no TOML: {error}") from None


def _value(path: Path, key: str, value: Any, option: click.Parameter, context: click.Context) -> Any:
    kinds, words = _kind(option)
    values = value if option.multiple and isinstance(value, list) else [value]
    if any(isinstance(one, bool) is not (bool in kinds) or not isinstance(one, kinds) for one in values):
        raise TargetError(f"{path}: {key}: expected {words}, got {value!r}")
    if isinstance(option.type, click.Path):
        return path.parent / value
    said = values if option.multiple else value
    try:
        option.type_cast_value(context, said)
    except click.BadParameter as error:
        raise TargetError(f"{path}: {key}: {error.message}") from None
    return said


def _kind(option: click.Parameter) -> tuple[tuple[type, ...], str]:
    """The types of a value in the file, and how to call them."""
    if getattr(option, "is_flag", False):
        return (bool,), "true or false"
    if isinstance(option.type, click.types.IntParamType):
        return (int,), "a whole number"
    if isinstance(option.type, click.types.FloatParamType):
        return (int, float), "a number"
    return (str,), "a list of texts" if option.multiple else "a text"
