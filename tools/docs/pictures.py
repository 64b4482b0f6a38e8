"""Make the README's pictures: the programmer on a terminal as SVG, the top of the accuracy report as PNG.

`make pictures` runs the bench first, then this. The PNG needs Chromium, which the project does not install; without it
the old one stays. Each is kept under 200 KB; a test says so.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "pictures"
TERMINAL, REPORT = FOLDER / "terminal.svg", FOLDER / "report.png"
BYTES_MAX = 200_000
_PAGE = ROOT / "build" / "bench" / "report.html"
_COLUMNS = 92
_COMMANDS = ("bolus 2.4 --yes", "status")
# Rich's own frame loads a font from a server; this one has none and takes the reader's.
_FRAME = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""  # noqa: E501


def terminal() -> str:
    """Return the screens of a bolus and of the status after it, on a virtual pump."""
    port = 7800 + os.getpid() % 500
    server = subprocess.Popen(
        (sys.executable, "-m", "hil", "pump", "--port", str(port)), cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    console = Console(record=True, width=_COLUMNS, file=io.StringIO())
    try:
        assert server.stdout is not None
        while "Ctrl-C" not in server.stdout.readline():
            pass
        environment = os.environ | {"RELEVE_PORT": f"socket://localhost:{port}", "FORCE_COLOR": "1"}
        environment |= {"COLUMNS": str(_COLUMNS), "RELEVE_LANGUAGE": "en", "TERM": "xterm-256color"}
        for command in _COMMANDS:
            shown = subprocess.run(
                (sys.executable, "-m", "host", *command.split()),
                env=environment, cwd=ROOT, check=True, capture_output=True, text=True,
            )  # fmt: skip
            console.print(Text.from_ansi(f"$ pump {command.removesuffix(' --yes')}\n{shown.stdout}"))
            time.sleep(9)  # for a few strokes to be made
    finally:
        server.terminate()
        server.wait()
    return console.export_svg(title="pump, on a virtual pump (simulated)", code_format=_FRAME, unique_id="releve")


def report(browser: str) -> None:
    """Write the top of the accuracy report as PNG. Raises CalledProcessError, FileNotFoundError without a report."""
    if not _PAGE.is_file():
        raise FileNotFoundError(f"{_PAGE} is missing: make bench")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1040,1000")
    subprocess.run((browser, *options, f"--screenshot={REPORT}", f"file://{_PAGE}"), check=True, capture_output=True)


def main() -> None:
    """Make both."""
    FOLDER.mkdir(exist_ok=True)
    TERMINAL.write_text(terminal(), encoding="utf-8")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("no Chromium here: the picture of the report stays as it is")
    else:
        report(browser)


if __name__ == "__main__":
    main()
