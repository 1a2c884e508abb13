"""Tells the life of a machine through the emulator's API, then has the contract suite judge the emulator.

Starts an emulator on a free port and stops it, whatever happens. Exit code 0 only when all went as told.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[1]
REPORTS = Path(os.path.relpath(ROOT / "reports" / "demo"))
BIN = Path(sys.executable).parent

HOSTS = "/organizations/Guardis%20Test/environments/Test%20Environment/hosts"
HOST = f"{HOSTS}/demo-1"
INSTANCE = f"{HOST}/instance"
JUDGED = ("Guardis Test/Test Environment/demo-1", "Guardis Test/Test Environment/web-1")

# Long enough for PENDING to be seen, short enough not to bore.
TIMING = {
    "provision": {"uniform": [0.8, 1.2]},
    "start": {"fixed": 0.6},
    "shutdown": {"fixed": 0.6},
    "default": {"fixed": 0.3},
}
FASTER = 50
PATIENCE = 20.0
LOOK_EVERY = 0.05


class DemoError(Exception):
    """The story went otherwise than told; the message says where."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One request of the story: what it is for, and what must come of it."""

    says: str
    method: str
    path: str
    body: Any = None
    status: int = 202
    settles: str | None = None  # the state that the machine must come to
    shows: str | None = None  # the member, or members, of the answer to print


STORY = (
    Scene(
        "A host joins the environment; it has no machine yet.",
        "POST",
        HOSTS + "/",
        {"name": "demo-1"},
        200,
        shows="state",
    ),
    Scene("A machine is provisioned for it.", "POST", INSTANCE, {}, 200, "RUNNING"),
    Scene("Its screen can be seen over VNC.", "GET", f"{INSTANCE}/vnc", status=200, shows="hostname port"),
    Scene("It is paused ...", "PUT", f"{INSTANCE}/_pause", settles="PAUSED"),
    Scene(
        "... and cannot be rebooted like that: a refusal says why, and changes nothing.",
        "PUT",
        f"{INSTANCE}/_reboot",
        status=409,
        settles="PAUSED",
        shows="error",
    ),
    Scene("It is resumed.", "PUT", f"{INSTANCE}/_resume", settles="RUNNING"),
    Scene("It is shut down ...", "PUT", f"{INSTANCE}/_shutdown", settles="STOPPED"),
    Scene("... and started again.", "PUT", f"{INSTANCE}/_start", settles="RUNNING"),
    Scene("It is deleted, with its storage.", "DELETE", INSTANCE, status=204, settles="ABSENT"),
)


def main() -> int:
    """Exit code 0 when the story went as told and every MUST of the contract held."""
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    try:
        with emulator() as ready, requests.Session() as session:
            url = ready["url"]
            say(f"The emulator answers at {url}\n", BOLD)
            for scene in STORY:
                play(session, url, scene)
            hurry(session, url, ready["controlToken"])
            return judge(url)
    except (DemoError, requests.RequestException) as error:
        say(f"demo: {error}", RED)
        say(f"The emulator's log: {REPORTS / 'emulator.log'}")
        return 1


@contextmanager
def emulator() -> Iterator[dict[str, str]]:
    """The ready file of an emulator that is up inside the block, and gone after it."""
    timing, ready = REPORTS / "timing.yaml", REPORTS / "ready.json"
    timing.write_text(json.dumps(TIMING))  # JSON is YAML
    program = str(BIN / "hypervisor-emulator")
    options = ["--port", "0", "--ready-file", str(ready), "--timing", str(timing)]
    with (REPORTS / "emulator.log").open("w") as log:
        process = subprocess.Popen(
            [program, "serve", "--stop-with-parent", *options], stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        if not next(iter(process.stdout or ()), "").startswith("Ready."):
            raise DemoError(f"the emulator did not start: exit code {process.wait()}")
        yield json.loads(ready.read_text("utf-8"))
    finally:
        stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Ends the emulator: politely, and after ten seconds for certain, which then is a failure."""
    process.terminate()
    try:
        code = process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        raise DemoError("the emulator did not stop within 10 s of SIGTERM") from None
    if code != 0:
        raise DemoError(f"the emulator ended with exit code {code}")
    say("\nThe emulator is stopped.", DIM)


def play(session: requests.Session, url: str, scene: Scene) -> None:
    """Sends the scene's request, prints it with what came of it, and compares with what the scene tells."""
    say(scene.says, BOLD)
    answer = session.request(scene.method, url + scene.path, json=scene.body, timeout=PATIENCE)
    say(f"    {scene.method:<6} {scene.path.replace(HOSTS, '.../hosts')}", CYAN)
    if answer.status_code != scene.status:
        raise DemoError(f"{scene.method} {scene.path}: expected {scene.status}, got {answer.status_code} {answer.text}")
    say(f"    {answer.status_code} {HTTPStatus(answer.status_code).phrase}{shown(answer, scene.shows)}", DIM)
    if scene.settles:
        settle(session, url, scene.settles)
    say("")


def shown(answer: requests.Response, members: str | None) -> str:
    """Those members of a JSON answer, as they are to be printed behind its status."""
    if members is None:
        return ""
    values = [answer.json()[member] for member in members.split()]
    return ": " + ", ".join("; ".join(value) if isinstance(value, list) else str(value) for value in values)


def settle(session: requests.Session, url: str, goal: str) -> None:
    """Looks at the machine until it is in the state `goal`, and prints each state seen on the way."""
    begin = time.monotonic()
    seen: list[str] = []
    while not seen or seen[-1] != goal:
        if time.monotonic() - begin > PATIENCE:
            raise DemoError(f"expected {goal} within {PATIENCE:.0f} s, saw {' -> '.join(seen)}")
        answer = session.get(url + INSTANCE, timeout=PATIENCE)
        state = "ABSENT" if answer.status_code == HTTPStatus.NOT_FOUND else str(answer.json()["state"])
        if state not in seen[-1:]:
            seen.append(state)
        else:
            time.sleep(LOOK_EVERY)
    took = f"({time.monotonic() - begin:.1f} s)" if len(seen) > 1 else ""
    say(f"    GET    {INSTANCE.replace(HOSTS, '.../hosts')}: {' -> '.join(seen)} {took}".rstrip(), GREEN)


def hurry(session: requests.Session, url: str, token: str) -> None:
    """Lets the emulator's time pass faster: the suite asks for hundreds of actions."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = session.post(f"{url}/_emulator/clock", json={"rate": FASTER}, headers=headers, timeout=PATIENCE)
    if answer.status_code != HTTPStatus.OK:
        raise DemoError(f"the control API did not set the clock: {answer.status_code} {answer.text}")
    say(f"From here on, the emulator's clock runs {FASTER} times as fast.\n", BOLD)


def judge(url: str) -> int:
    """Runs the contract suite against the emulator; its exit code."""
    hosts = [argument for host in JUDGED for argument in ("--host", host)]
    command = ["contract-tests", "run", url, *hosts, "--report-dir", str(REPORTS / "contract")]
    say("Now the contract suite judges this emulator.", BOLD)
    say(f"    {subprocess.list2cmdline(command)}\n", CYAN)
    code = subprocess.run([BIN / command[0], *command[1:]], check=False).returncode
    say(f"\nThe verdict: exit code {code}. The report: {REPORTS / 'contract'}", GREEN if code == 0 else RED)
    return code


BOLD, DIM, RED, GREEN, CYAN = "1", "2", "31", "32", "36"


def say(text: str, style: str | None = None) -> None:
    """Prints a line, in a style when a person looks at it."""
    coloured = sys.stdout.isatty() or "FORCE_COLOR" in os.environ
    plain = style is None or not coloured or "NO_COLOR" in os.environ
    print(text if plain else f"\033[{style}m{text}\033[0m", flush=True)


if __name__ == "__main__":
    sys.exit(main())
