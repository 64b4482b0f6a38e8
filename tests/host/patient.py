"""A whole pump and the terminal on which a person or a script talks to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.firmware.hand import Hand
from tests.host.terminal import Terminal


def question(stderr: str) -> str:
    """What was shown before it was asked."""
    return stderr.partition("\nDo it?")[0]


class Patient:
    """A pump and the terminal on which it is talked to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hand = Hand()
        self.terminal = Terminal(monkeypatch, self.hand)
        for name in ("LC_ALL", "LC_MESSAGES", "LANG", "RELEVE_LANGUAGE"):
            monkeypatch.delenv(name, raising=False)

    def do(self, *arguments: str, **options: Any) -> str:
        """Run a command for scripts that must succeed; its output."""
        result = self.terminal.run(*arguments, "--yes", **options)
        assert result.exit_code == 0, result.stderr
        return str(result.stdout)

    def see(self, *arguments: str, **options: Any) -> str:
        """Run a command that only looks; its output."""
        result = self.terminal.run(*arguments, **options)
        assert result.exit_code == 0, result.stderr
        return str(result.stdout)

    def asked(self, *arguments: str, answer: str = "n\n") -> str:
        """Run a command at a terminal and decline; what it asked."""
        self.terminal.person()
        before = self.hand.pump.status()
        result = self.terminal.run(*arguments, answer=answer)
        assert result.exit_code == 1 and self.state(self.hand.pump.status()) == self.state(before)
        return str(result.stderr)

    def makes_no_sense(self, *arguments: str) -> str:
        """Run a command at a terminal that has no question to ask in the pump's state; why not."""
        self.terminal.person()
        before = self.state(self.hand.pump.status())
        result = self.terminal.run(*arguments, answer="y\n")
        assert result.exit_code == 3 and self.state(self.hand.pump.status()) == before
        assert "Do it?" not in result.stderr and result.stdout == ""
        return str(result.stderr)

    def fails(self, code: int, *arguments: str) -> str:
        """Run a command that must fail with `code` and change nothing; its error."""
        before = self.state(self.hand.pump.status())
        result = self.terminal.run(*arguments, "--yes")
        assert result.exit_code == code and self.state(self.hand.pump.status()) == before
        return str(result.stderr)

    @staticmethod
    def state(status: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in status.items() if name != "newest_event"}

    @property
    def status(self) -> dict[str, Any]:
        return dict(self.hand.pump.status())
