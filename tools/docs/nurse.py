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
import sys
import tempfile
import termios
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

from hil.play.own import own_pump
from hil.play.server import PumpServer
from host.texts.spoken import FRENCH

ROOT = Path(__file__).resolve().parents[2]
PAGES = {language: ROOT / "docs" / f"nurse.{language}.md" for language in ("en", "fr")}
# While somebody reads or answers: what an order would do holds for 120 s of the pump's time. And while the pump works.
_TALKING, _WORKING, _LATER = 20, 1000, 20_000
_COLUMNS = 88
_QUIET_S = 0.6  # so long without output, and what stands there is a question
_STILL_S = 2.0  # so long, and the pump is at work
_END_S = 300
_U_PER_ML = 400
# A first refill, and time enough for the next one to be compared with what was delivered.
_BEFORE = (
    *("stop", "procedure start refill", "limits --max-day 500 --yes", "set-basal 13 --yes"),
    "resume --yes",
)
_BETWEEN_H = 45
_SHOWN = ("procedure start refill", "resume", "stop again", "procedure start rinse", "resume again", "status")


class Screen:
    """A terminal on which one command of the programmer runs, and a person who answers."""

    def __init__(self, server: PumpServer, language: str, figures: Mapping[str, list[str]]) -> None:
        self._server, self._language, self._figures = server, language, figures

    def run(self, *arguments: str) -> str:
        """Run the command to its end; return all that the screen showed, the answers typed included.

        Raises RuntimeError if it asks what nobody can answer, does not end, or fails.
        """
        child, fd = pty.fork()
        if child == 0:
            width = {"COLUMNS": str(_COLUMNS), "LINES": "60", "TERM": "dumb", "NO_COLOR": "1"}
            where = {"RELEVE_PORT": f"socket://localhost:{self._server.tcp_port}", "RELEVE_HOLDS": "600"}
            os.environ.update(width | where | {"RELEVE_LANGUAGE": self._language})
            os.execv(sys.executable, (sys.executable, "-m", "host", *arguments))  # noqa: S606 - our own program
        size = struct.pack("HHHH", 60, _COLUMNS, 0, 0)
        fcntl.ioctl(fd, termios.TIOCSWINSZ, size)
        try:
            shown = f"$ pump {' '.join(arguments)}\n" + self._talk(fd)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        except RuntimeError:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
        finally:
            os.close(fd)
        if code:
            raise RuntimeError(f"exit code {code}: {shown}")
        return shown

    def _talk(self, fd: int) -> str:
        shown, asked, end_s = b"", 0, time.monotonic() + _END_S
        still_from_s = time.monotonic()
        self._server.pace = _TALKING
        while time.monotonic() < end_s:
            if select.select([fd], [], [], _QUIET_S)[0]:
                try:
                    part = os.read(fd, 65536)
                except OSError:  # its end of the terminal is closed
                    part = b""
                if not part:
                    return _clean(shown)
                shown += part
                still_from_s = time.monotonic()
                self._server.pace = _TALKING
                continue
            question = shown[asked:].decode().rstrip("\r\n").rpartition("\n")[2].strip()
            if question.endswith(":"):
                os.write(fd, (self._answer(question) + "\n").encode())
                asked = len(shown)
                still_from_s = time.monotonic()
            elif time.monotonic() > still_from_s + _STILL_S:
                self._server.pace = _WORKING
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
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_DATA_HOME"] = os.environ["LOCALAPPDATA"] = folder
        with own_pump(_TALKING) as server:
            screen = Screen(server, language, figures)
            for first in _BEFORE:
                screen.run(*first.split())
            _let_pass(server, _BETWEEN_H)
            shown = {"stop": screen.run("stop"), "reservoir": screen.run("reservoir")}
            left_u = re.search(r"([0-9.,]+) U", shown["reservoir"])
            left_ml = float(left_u[1].replace(",", ".")) / _U_PER_ML if left_u else 0.0
            figures["withdrawn"].insert(0, f"{left_ml:.1f}")
            for name in _SHOWN:
                if name == "stop again":
                    _let_pass(server, 1)
                shown[name] = screen.run(*name.removesuffix(" again").split())
            return shown


def _let_pass(server: PumpServer, hours: float) -> None:
    end_us = server.now_us + hours * 3600e6
    server.pace = _LATER
    while server.now_us < end_us:
        time.sleep(0.01)
    server.pace = _TALKING


def page(language: str) -> str:
    """Return the page in one language."""
    words = tomllib.loads((ROOT / "tools/docs/nurse.toml").read_text(encoding="utf-8"))
    shown = sessions(language, words["figures"])
    text: str = words[language]["page"]
    return re.sub(r"\{\{(.*?)\}\}", lambda found: f"```text\n{shown[found[1]].rstrip()}\n```", text).lstrip()


if __name__ == "__main__":
    for each in sys.argv[1:] or PAGES:
        PAGES[each].write_text(page(each), encoding="utf-8")
