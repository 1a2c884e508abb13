"""`hypervisor-emulator exec -- COMMAND`: a command with an emulator beside it, which is gone when the command is.

The emulator is `serve`, with all of its options, in a process that is forked off: the command keeps the terminal.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TextIO

import click

from emulator.commands.serve import serve
from emulator.errors import StartError

URL = "HYPERVISOR_EMULATOR_URL"
"""The variable in which the command finds the emulator."""

DASHES = "--"
QUIET = ("--port", "0", "--log-format", "none", "--stop-with-parent")
"""What the emulator is told first; options that are given say it again, and differently."""

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


class _Exec(click.Command):
    """Takes the command off the arguments; what is left are options of `serve`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        place = args.index(DASHES) if DASHES in args else len(args)
        options, command = args[:place], args[place + 1 :]
        ctx.obj = ([*options], command)  # a copy: click takes off the list what it has read
        return super().parse_args(ctx, options if command else [name for name in options if name in ("-h", "--help")])


@click.command(
    "exec",
    cls=_Exec,
    params=serve.params,
    options_metavar=f"[OPTIONS] {DASHES} COMMAND [ARGUMENT]...",
    context_settings=serve.context_settings,
)
@click.pass_context
def exec_(ctx: click.Context, /, **_: object) -> int:
    """Run COMMAND with an emulator on a free port, whose URL is in HYPERVISOR_EMULATOR_URL.

    The options are those of `serve`. The exit code is the command's; signals are passed on to it. The emulator is
    stopped when the command has ended.
    """
    options, command = ctx.obj
    program = _program(command)
    reading, writing = os.pipe()
    sys.stdout.flush()
    emulator = os.fork()
    if not emulator:
        return _serve(options, reading, writing)
    os.close(writing)
    with os.fdopen(reading) as said:
        ready = said.readline()
        if not ready.startswith("Ready. "):
            return _exit_code(emulator)
        try:
            code = _run([program, *command[1:]], ready.split()[1])
        finally:
            with suppress(ProcessLookupError):
                os.kill(emulator, signal.SIGTERM)
            _tell(said)
            ended = _exit_code(emulator)
    return code or ended


def _program(command: list[str]) -> str:
    if not command:
        raise StartError(f"exec wants a command: hypervisor-emulator exec [OPTIONS] {DASHES} pytest -q")
    program = shutil.which(command[0])
    if program is None:
        raise StartError(f"exec: there is no command {command[0]!r}; is it on the PATH?")
    return program


def _serve(options: list[str], reading: int, writing: int) -> int:
    """Be the emulator, whose output the other process reads; out of reach of the terminal's signals."""
    os.setpgid(0, 0)
    os.close(reading)
    os.dup2(writing, sys.stdout.fileno())
    os.close(writing)
    code: int = serve.main([*QUIET, *options], prog_name="hypervisor-emulator serve", standalone_mode=False)
    return code


def _run(command: list[str], url: str) -> int:
    """Run the command to its end; its exit code, as a shell would give it."""
    relay = _Relay()
    before = {number: signal.signal(number, relay) for number in PASSED_ON}
    try:
        process = subprocess.Popen(command, env={**os.environ, URL: url})  # noqa: S603 - what the user wants to run
        relay.begin(process)
        code = process.wait()
    except OSError as error:
        raise StartError(f"exec: cannot run {command[0]!r}: {error.strerror}") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


class _Relay:
    """A signal handler that passes signals on to a process, also those that came before it had begun."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def begin(self, process: subprocess.Popen[bytes]) -> None:
        """Now there is somebody to pass them on to."""
        self._process = process
        for number in self._early:
            process.send_signal(number)

    def __call__(self, number: int, _: object) -> None:
        """See signal.signal."""
        if number == signal.SIGINT and _has_terminal():
            return  # the terminal sends it to both
        if self._process is None:
            self._early.append(number)
        else:
            self._process.send_signal(number)


def _has_terminal() -> bool:
    """Whether a terminal sends its signals to this process."""
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):  # standard input is no terminal, or closed
        return False


def _tell(said: TextIO) -> None:
    """What the emulator said after its first two lines, such as a verdict: beside the output of the command."""
    said.readline()
    sys.stderr.write(said.read())


def _exit_code(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
