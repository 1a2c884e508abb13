"""Who is measured: a row each, with the command that starts it and the request that it answers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import one_operation

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".venv-bench" / "bin"
"""Where `make bench` has put the peers; they are no part of the project."""

PRISM = "@stoplight/prism-cli@5.16.0"
INSTANCE = "/organizations/Guardis%20Test/environments/Test%20Environment/hosts/test-host-on-Hyp3/instance"
SYSTEM = "/redfish/v1/Systems/27946b59-9e44-4fa7-8e91-f3527a1ef094"
_EC2 = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=none"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request."""

    method: str = "GET"
    path: str = INSTANCE
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A server. `{port}` and `{folder}` stand for a free port and an empty folder.

    `prepare` puts files into the folder; `before` is asked once, first.
    """

    name: str
    command: Sequence[str]
    ask: Ask = Ask()
    before: Ask | None = None
    prepare: Callable[[Path], None] = lambda _: None


def emulator(*options: str) -> tuple[str, ...]:
    """The command of an emulator with these options, without an access log, as the others have none."""
    return (sys.executable, "-m", "emulator", "serve", "--port", "{port}", "--log-format", "none", *options)


BARE = Contestant("bare Flask route", (sys.executable, "-m", "benchmarks.bare", "{port}"))
GET = Contestant("emulator, GET", emulator())
REBOOT = Ask("PUT", f"{INSTANCE}/_reboot")
SQLITE, POSTGRESQL = "sqlite:///{folder}/platform.db", "{postgresql}"

OWN = (
    GET,
    Contestant("emulator, power action, memory", emulator(), REBOOT),
    Contestant("emulator, GET, SQLite", emulator("--store", SQLITE)),
    Contestant("emulator, power action, SQLite", emulator("--store", SQLITE), REBOOT),
    Contestant("emulator, GET, PostgreSQL", emulator("--store", POSTGRESQL)),
    Contestant("emulator, power action, PostgreSQL", emulator("--store", POSTGRESQL), REBOOT),
)

_QUERY = "Action=DescribeInstances&Version=2016-11-15"
_RUN = "Action=RunInstances&Version=2016-11-15&ImageId=ami-12c6146b&MinCount=1&MaxCount=1"
_FORM = {"Authorization": _EC2, "Content-Type": "application/x-www-form-urlencoded"}

OTHERS = (
    Contestant(
        "Prism, mocking the same document",
        ("npx", "--yes", PRISM, "mock", "--port", "{port}", "--verboseLevel", "silent", str(ROOT / "openapi.yaml")),
    ),
    Contestant(
        "connexion, mocking the same operation",
        (str(PEERS / "connexion"), "run", f"{{folder}}/{one_operation.FILE}", "--mock", "all", "--port", "{port}"),
        prepare=one_operation.write,
    ),
    Contestant(
        "moto server, an EC2 instance",
        (str(PEERS / "moto_server"), "--port", "{port}"),
        Ask("POST", "/", _FORM, _QUERY),
        Ask("POST", "/", _FORM, _RUN),
    ),
    Contestant(
        "sushy-tools, fake driver",
        (str(PEERS / "sushy-emulator"), "--fake", "--interface", "127.0.0.1", "--port", "{port}"),
        Ask("GET", SYSTEM),
    ),
)
