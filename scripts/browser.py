"""Opens example reports in a real browser, without scripts and without a network, and looks at what came of them.

A report loads nothing, runs nothing, is read as it was written, and fits a telephone. That the browser would show the
opposite is seen from a page that does all of it. Chromium is installed where CI=true and it is missing; elsewhere the
check is skipped, and says so. Exit code 0 when all is well.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from contract_tests.reports import write_reports
from tests.suite.example_runs import failing, green
from tests.suite.page_reader import Element, read_page
from tests.suite.records import write

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PHONE = 390
OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--allow-file-access-from-files",  # so that the page around a report may measure it
    "--host-resolver-rules=MAP * ~NOTFOUND",  # no network
)
OWN = "not an origin"
"""Who asks for an address, in Chromium's log of its network, when Chromium itself does and not a page."""

# The frame may run no scripts; the page around it may, to tell what is in it.
AROUND = f"""<!DOCTYPE html><meta charset="utf-8">
<iframe sandbox="allow-same-origin" width="{PHONE}" height="800" style="border: 0"></iframe><pre></pre>
<script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const root = frame.contentDocument.documentElement;
  const seen = {{width: root.scrollWidth, text: root.outerHTML}};
  document.querySelector("pre").textContent = JSON.stringify(seen);
}};
frame.src = "report.html";
</script>"""

CONTROL = """<!DOCTYPE html><meta charset="utf-8"><title>All that a report is not</title>
<body><p style="width: 900px">wide</p><img src="http://elsewhere.invalid/x.png" alt="">
<script>document.documentElement.id = "ran"</script></body>"""


class BrowserError(Exception):
    """A page is not what it should be; the message says how."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a browser made of a page: its width in pixels, its elements, and the addresses that it asked for."""

    width: int
    page: Element
    asked: frozenset[str]


def main() -> int:
    """Look at the page that must fail, then at the reports."""
    program = browser()
    if program is None:
        print("browser: SKIPPED. There is no Chromium here; CI installs it and runs this check.")
        return 0
    with tempfile.TemporaryDirectory(prefix="browser-") as name:
        folder = Path(name)
        try:
            control(look(program, folder / "control", loader))
            for run in (green, failing):
                kept, exchanges = run()
                at = folder / run.__name__
                seen = look(program, at, partial(report, kept, exchanges))
                judge(seen, kept, (at / "report.html").read_text("utf-8"))
                print(f"browser: the {run.__name__} report is as it should be")
        except BrowserError as error:
            print(f"browser: {error}", file=sys.stderr)
            return 1
    return 0


def browser() -> str | None:
    """The path of a Chromium, installed first when this is CI; None when there is none."""
    if not any(map(shutil.which, PROGRAMS)) and os.environ.get("CI") == "true":
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "--quiet", *arguments], check=True)  # noqa: S607
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def loader(folder: Path) -> None:
    """A page that is all that a report is not."""
    (folder / "report.html").write_text(CONTROL, encoding="utf-8")


def report(kept: dict[str, Any], exchanges: list[dict[str, Any]], folder: Path) -> None:
    """The report of a run."""
    write_reports(write(folder, kept, exchanges), final=True)


def look(program: str, folder: Path, make: Callable[[Path], None]) -> Seen:
    """Open the report.html that `make` writes into the folder, in a frame as wide as a telephone."""
    folder.mkdir()
    make(folder)
    around, log = folder / "around.html", folder / "network.json"
    around.write_text(AROUND, encoding="utf-8")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [
        program,
        *OPTIONS,
        *root,
        f"--user-data-dir={folder / 'profile'}",
        f"--log-net-log={log}",
        "--dump-dom",
        around.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0 or not done.stdout:
        raise BrowserError(f"{program} did not open the page: exit code {done.returncode}\n{done.stderr[-2000:]}")
    kept = json.loads("".join(read_page(done.stdout).all("pre")[0].own()))
    events = json.loads(log.read_text("utf-8"))["events"]
    parameters = [event.get("params", {}) for event in events]
    asked = {one["url"] for one in parameters if "url" in one and one.get("initiator", OWN) != OWN}
    return Seen(kept["width"], read_page(kept["text"]), frozenset(asked))


def control(seen: Seen) -> None:
    """The page that is too wide and loads something is seen to, and its script did not run."""
    ran = bool(seen.page.all("html", id="ran"))
    if seen.width <= PHONE or not seen.asked or ran:
        raise BrowserError(
            f"this check would see nothing: of a page that is 900 px wide, loads a picture and has a script, "
            f"{seen.width} px were seen, {sorted(seen.asked)} asked for, and its script ran: {ran}"
        )


def judge(seen: Seen, kept: dict[str, Any], written: str) -> None:
    """The report asked for nothing, fits, and is what was written."""
    if seen.asked:
        raise BrowserError(f"the report asked for {sorted(seen.asked)}")
    if seen.width > PHONE:
        raise BrowserError(f"the report is {seen.width} px wide on a screen of {PHONE}")
    if tags(seen.page) != tags(read_page(written)):
        raise BrowserError("the browser had to mend the markup of the report")
    sentence = kept["summary"]["sentence"]
    if sentence[1:] not in seen.page.all("div", class_="sentence")[0].text:
        raise BrowserError(f"the report does not open with {sentence!r}")
    rows = [row for row in seen.page.all("tr") if row.attributes.get("id", "").startswith("test-")]
    if len(rows) != len(kept["plan"]["tests"]):
        raise BrowserError(f"the report has {len(rows)} rows for {len(kept['plan']['tests'])} tests")
    if any("open" in fold.attributes for card in seen.page.all("article") for fold in card.all("details")[:1]):
        raise BrowserError("the evidence is not folded")


def tags(page: Element) -> list[str]:
    """The tags in their order, but for the table bodies that every browser adds."""
    return [one.tag for one in page.all() if one.tag != "tbody"]


if __name__ == "__main__":
    sys.exit(main())
