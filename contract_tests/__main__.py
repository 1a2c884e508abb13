"""The command line. Every mistake is one line that names the thing and the mend, with exit code 2."""

from __future__ import annotations

import sys
import traceback

import click

from contract import ContractError
from contract_tests.commands.again import replay, rerun_failed, resume
from contract_tests.commands.certify import certify, countersign, keygen
from contract_tests.commands.clean import clean
from contract_tests.commands.doctor import doctor
from contract_tests.commands.load import load
from contract_tests.commands.records import compare, render
from contract_tests.commands.requirements import list_, show
from contract_tests.commands.run import run
from contract_tests.commands.verify import verify
from contract_tests.running.outcomes import ExitCode
from contract_tests.running.target import TargetError

PROGRAM = "contract-tests"


@click.group(name=PROGRAM, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="hypervisor-emulator", prog_name=PROGRAM)
def cli() -> None:
    """Judges any server of the contract over HTTP.

    Every option can also be given by environment variable, as its help says.
    """


for command in (
    *(run, doctor, list_, show, replay, rerun_failed, resume, clean),
    load,
    *(keygen, certify, verify, countersign, render, compare),
):
    cli.add_command(command)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and answer its exit code (contract_tests.running.outcomes)."""
    try:
        code = cli.main(arguments, prog_name=PROGRAM, standalone_mode=False)
    except (click.ClickException, ContractError, TargetError) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
        return ExitCode.USAGE
    except click.Abort:
        return ExitCode.INCOMPLETE
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.INCOMPLETE
    except Exception:  # noqa: BLE001 - Python's own exit code would be 1, which says that a MUST failed
        print(f"{PROGRAM}: no verdict: the suite itself broke; please report this:", file=sys.stderr)
        traceback.print_exc()
        return ExitCode.NO_VERDICT
    return code if isinstance(code, int) else ExitCode.HOLDS


if __name__ == "__main__":
    sys.exit(main())
