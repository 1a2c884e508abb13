"""The command line. Every mistake is one line that names the thing and the mend, with exit code 2."""

from __future__ import annotations

import sys

import click

from contract import ContractError
from emulator.commands import ctl, exec, fleet, proxy, serve, wait  # noqa: A004 - named as the command is
from emulator.errors import StartError

PROGRAM = "hypervisor-emulator"


@click.group(name=PROGRAM, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="hypervisor-emulator", prog_name=PROGRAM)
def cli() -> None:
    """A hypervisor emulator, driven by its OpenAPI document.

    Every option can also be given by environment variable, as its help says.
    """


for command in (serve.serve, exec.exec_, ctl.ctl, proxy.proxy, fleet.fleet, wait.wait):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and answer its exit code: 0 clean stop, 2 wrong usage, file or port."""
    try:
        code = cli.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except (click.ClickException, ContractError, StartError) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
        return 2
    except click.Abort:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
