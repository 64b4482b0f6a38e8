"""Firmware with a mistake on purpose, one for each kind of twin runs: the tests of the tests.

Code is added at the end of a module of a copy of the firmware, which the virtual board's program runs instead of what
is frozen into it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from hil.backends.device import device_program

ROOT = Path(__file__).resolve().parents[2]

# twin: (module, what is added to it)
BUGS = {
    "safer": (
        "therapy/programme.py",
        """
_right = Programme.wanted
def _wrong(self, now_us):
    if self._record.mode == protocol.STATE_SUSPENDED:
        return self._settings.suspend_rate_mu_per_h + 50, NEVER_US, 0
    return _right(self, now_us)
Programme.wanted = _wrong
""",
    ),
    "refused": (
        "therapy/boluses.py",
        """
from firmware.errors import Refused as _Refused
_right = Boluses.bolus
def _wrong(self, **order):
    try:
        return _right(self, **order)
    except _Refused:
        self._books.deliveries._newest_id += 1
        raise
Boluses.bolus = _wrong
""",
    ),
    "reset": (
        "therapy/therapy.py",
        """
_right = Therapy.begin
def _wrong(self):
    self._record.recommended_until_us = 0
    _right(self)
Therapy.begin = _wrong
""",
    ),
    "asked": (
        "link/reports.py",
        """
_right = Reports.read_diagnosis
def _wrong(self):
    self._core.cancel_temp(self._clock.now_us())
    return _right(self)
Reports.read_diagnosis = _wrong
""",
    ),
    "clock": (
        "therapy/limits_and_time.py",
        """
_right = Device.set_time
def _wrong(self, utc_s, **order):
    if utc_s > 1800000000:
        self._core.cancel_bolus(self._clock.now_us())
    return _right(self, utc_s, **order)
Device.set_time = _wrong
""",
    ),
}


def wrong_board(twin: str, folder: Path) -> Path:
    """A virtual board's program in `folder` whose firmware has the mistake for `twin`."""
    return board_with(*BUGS[twin], folder)


def board_with(module: str, added: str, folder: Path) -> Path:
    """A virtual board's program in `folder` whose firmware has this added to a module."""
    program = folder / "micropython"
    shutil.copy(device_program(), program)
    shutil.copytree(ROOT / "firmware", folder / "firmware", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "firmware" / module
    path.write_text(path.read_text() + added)
    return program
