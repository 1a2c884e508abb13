"""Draws docs/images/demo.svg: what `make demo` prints, as a picture that needs no network to be seen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "demo.svg"
WIDTH = 118
PASSING = "…"
"""Begins a line that a terminal shows only for a while."""
WEB_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> int:
    """Run the demo, and draw it only if it went well."""
    demo = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "demo.py")],
        cwd=ROOT,
        env=os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH)},
        capture_output=True,
        text=True,
        check=False,
    )
    if demo.returncode != 0:
        print(demo.stdout, demo.stderr, sep="\n", file=sys.stderr)
        return 1
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True)
        for line in map(Text.from_ansi, demo.stdout.splitlines()):
            if not line.plain.lstrip().startswith(PASSING):
                console.print(line)
        drawn = console.export_svg(title="make demo", theme=DIMMED_MONOKAI, unique_id="demo")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(WEB_FONTS.sub("", drawn).replace("Fira Code", "ui-monospace"), encoding="utf-8")
    print(f"Drawn: {PICTURE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
