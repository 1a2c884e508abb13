"""Password and application key: from the environment, a file or a prompt. Never from the command line.

Every process list shows command lines, and shells keep them. No message of this module has a secret in it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from contract_tests.running.target import Credentials, TargetError

_STRENGTH = (
    ParameterSource.DEFAULT,
    ParameterSource.DEFAULT_MAP,
    ParameterSource.ENVIRONMENT,
    ParameterSource.COMMANDLINE,
)
"""Where a value comes from, the weakest first."""


@dataclass(frozen=True, slots=True)
class Given:
    """A secret, or the file that holds it, and how strong the place is where it was given."""

    what: str | Path = field(repr=False)
    strength: int
    name: str

    def read(self) -> str:
        """The secret; that of a file is its only line."""
        return self.what if isinstance(self.what, str) else _read(self.name, self.what)


def _given(context: click.Context, parameter: click.Parameter, value: str | Path | None) -> Given | None:
    source = context.get_parameter_source(str(parameter.name)) or ParameterSource.DEFAULT
    name = parameter.opts[0]
    if isinstance(value, str) and source is ParameterSource.COMMANDLINE:
        prompt = ", or --ask-password to be asked" if name == "--password" else ""
        raise TargetError(
            f"{name} is not taken from the command line, where others can see it: set {parameter.envvar}, "
            f"or use {name}-file FILE{prompt}"
        )
    return None if value is None else Given(value, _STRENGTH.index(source), name)


def _secret(name: str, variable: str) -> Any:
    return click.option(name, hidden=True, envvar=variable, callback=_given)


def _file(name: str, what: str, variable: str) -> Any:
    return click.option(
        name,
        type=click.Path(path_type=Path),
        metavar="FILE",
        show_envvar=True,
        callback=_given,
        help=f"File that holds the {what}; or set {variable} to the {what} itself.",
    )


SECRET_OPTIONS = (
    _secret("--password", "CONTRACT_PASSWORD"),
    _file("--password-file", "password", "CONTRACT_PASSWORD"),
    click.option("--ask-password", is_flag=True, help="Ask for the password on the terminal."),
    _secret("--app-key", "CONTRACT_APP_KEY"),
    _file("--app-key-file", "application key", "CONTRACT_APP_KEY"),
)
"""The options for secrets. `--password` and `--app-key` are there to be refused, and for their variables."""


def credentials(options: dict[str, Any]) -> Credentials:
    """What the options and variables say. TargetError when it is too much, too little, or cannot be read."""
    password = _password(options)
    if password is not None and options["user"] is None:
        raise TargetError("a password is given without a user; give --user, or CONTRACT_USER")
    return Credentials(options["user"], password, _stronger(options["app_key"], options["app_key_file"]))


def _password(options: dict[str, Any]) -> str | None:
    if not options["ask_password"]:
        return _stronger(options["password"], options["password_file"])
    if options["password_file"] is not None:
        raise TargetError("--ask-password and --password-file: give one of them")
    if not sys.stdin.isatty():
        raise TargetError("--ask-password needs a terminal; set CONTRACT_PASSWORD, or use --password-file FILE")
    return str(click.prompt("Password", hide_input=True, err=True, default="", show_default=False))


def _stronger(secret: Given | None, file: Given | None) -> str | None:
    """The secret that is given in the stronger place: environment before configuration file, and so on."""
    if secret is None or file is None:
        one = secret or file
        return one.read() if one else None
    if secret.strength == file.strength:
        variables = [f"CONTRACT_{one.name.lstrip('-').replace('-', '_').upper()}" for one in (secret, file)]
        raise TargetError(f"{' and '.join(variables)} are both set; set one of them")
    return max(secret, file, key=lambda one: one.strength).read()


def _read(name: str, path: Path) -> str:
    """The text of a file without the line end after it, which editors add."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise TargetError(f"{name} {path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TargetError(f"{name} {path}: this is no text in UTF-8") from None
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret or "\n" in secret:
        raise TargetError(f"{name} {path}: expected one line")
    return secret
