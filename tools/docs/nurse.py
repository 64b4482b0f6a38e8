"""Write docs/nurse.en.md and docs/nurse.fr.md: a refill and a rinse, with the very screens of `pump` on a virtual pump.

`python -m tools.docs.nurse [en|fr]` needs the virtual board (`make firmware`). The texts around the screens stand in
nurse.toml; a test compares the steps on the pages with those that the programmer shows.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

from host.texts.spoken import FRENCH

ROOT = Path(__file__).resolve().parents[2]
PAGES = {language: ROOT / "docs" / f"nurse.{language}.md" for language in ("en", "fr")}
_PACE = 2000
_COLUMNS = 88
_QUIET_S = 0.6  # so long without output, and what stands there is a question
_END_S = 60
_U_PER_ML = 400
# A first refill, and time enough for the next one to be compared with what was delivered.
_BEFORE = (
    *("stop", "procedure start refill", "limits --max-day 500 --yes", "set-basal 13 --yes"),
    *("resume --yes", "acknowledge pump_stopped --yes"),
)
_BETWEEN_H = 45
_SHOWN = ("procedure start refill", "resume", "stop again", "procedure start rinse", "resume again", "status")


class Screen:
    """A terminal on which one command of the programmer runs, and a person who answers."""

    def __init__(self, port: int, language: str, figures: Mapping[str, list[str]]) -> None:
        self._port, self._language, self._figures = port, language, figures

    def run(self, *arguments: str) -> str:
        """Run the command to its end; return all that the screen showed, the answers typed included.

        Raises RuntimeError if it asks what nobody can answer, or does not end.
        """
        child, fd = pty.fork()
        if child == 0:
            width = {"COLUMNS": str(_COLUMNS), "LINES": "60", "TERM": "dumb", "NO_COLOR": "1"}
            where = {"RELEVE_PORT": f"socket://localhost:{self._port}", "RELEVE_HOLDS": "600"}
            os.environ.update(width | where | {"RELEVE_LANGUAGE": self._language})
            os.execv(sys.executable, (sys.executable, "-m", "host", *arguments))  # noqa: S606 - our own program
        size = struct.pack("HHHH", 60, _COLUMNS, 0, 0)
        fcntl.ioctl(fd, termios.TIOCSWINSZ, size)
        try:
            return f"$ pump {' '.join(arguments)}\n" + self._talk(fd)
        finally:
            os.close(fd)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def _talk(self, fd: int) -> str:
        shown, asked, end_s = b"", 0, time.monotonic() + _END_S
        while time.monotonic() < end_s:
            if select.select([fd], [], [], _QUIET_S)[0]:
                try:
                    part = os.read(fd, 65536)
                except OSError:  # its end of the terminal is closed
                    part = b""
                if not part:
                    return _clean(shown)
                shown += part
                continue
            question = shown[asked:].decode().rstrip("\r\n").rpartition("\n")[2].strip()
            if question.endswith(":"):
                os.write(fd, (self._answer(question) + "\n").encode())
                asked = len(shown)
        raise RuntimeError(f"it does not end: {_clean(shown)}")

    def _answer(self, question: str) -> str:
        for yes in ("y", "o"):
            if f"[{yes}/N]" in question:
                return yes
        for words, figure in self._figures.items():
            if question.startswith((words, FRENCH.get(words, words))):
                return figure.pop(0) if len(figure) > 1 else figure[0]
        return question.rstrip(":").split(" / ")[0]


def _clean(shown: bytes) -> str:
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode().replace("\r\n", "\n"))
    lines = [line.rpartition("\r")[2].rstrip() for line in text.split("\n")]
    return "\n".join(lines).strip() + "\n"


def sessions(language: str, figures: dict[str, list[str]]) -> dict[str, str]:
    """Play a refill and a rinse on a new pump that has run for a while; return the screens by their command."""
    port = 7300 + os.getpid() % 500
    command = (sys.executable, "-m", "hil", "pump", "--port", str(port), "--pace", str(_PACE))
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        while "Ctrl-C" not in (line := server.stdout.readline()):
            if not line:
                raise RuntimeError("the pump did not start")
        screen = Screen(port, language, figures)
        for first in _BEFORE:
            screen.run(*first.split())
        time.sleep(_BETWEEN_H * 3600 / _PACE)
        shown = {"stop": screen.run("stop"), "reservoir": screen.run("reservoir")}
        left_u = re.search(r"([0-9.,]+) U", shown["reservoir"])
        left_ml = float(left_u[1].replace(",", ".")) / _U_PER_ML if left_u else 0.0
        figures["withdrawn"].insert(0, f"{left_ml:.1f}")
        for name in _SHOWN:
            shown[name] = screen.run(*name.removesuffix(" again").split())
        for name, text in shown.items():
            if "rror:" in text:
                raise RuntimeError(f"{name} went wrong: {text}")
        return shown
    finally:
        server.terminate()
        server.wait()


def page(language: str) -> str:
    """Return the page in one language."""
    words = tomllib.loads((ROOT / "tools/docs/nurse.toml").read_text(encoding="utf-8"))
    shown = sessions(language, words["figures"])
    text: str = words[language]["page"]
    return re.sub(r"\{\{(.*?)\}\}", lambda found: f"```text\n{shown[found[1]].rstrip()}\n```", text).lstrip()


if __name__ == "__main__":
    for each in sys.argv[1:] or PAGES:
        PAGES[each].write_text(page(each), encoding="utf-8")
