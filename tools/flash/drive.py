"""Writes to an RP2040 or RP2350 in boot mode, which appears as a drive: the UF2 file is copied there.

The drive is recognised by its INFO_UF2.TXT, whose Board-ID comes from the boot ROM, not by its name.
"""

import os
import re
from pathlib import Path
from typing import Any

from tools.console import Problem
from tools.flash.target import Target

# The boot ROMs' names, by the chip that board.toml names.
BOARD_IDS = {"RP2040": "RPI-RP2", "RP2350": "RP2350"}
INFO = "INFO_UF2.TXT"
_CHUNK_BYTES = 65536


def mounted(table: Path = Path("/proc/mounts")) -> list[Path]:
    """Return the mount points of file systems of the drive's kind; on systems without that table, the usual places."""
    if table.is_file():
        rows = [line.split() for line in table.read_text(encoding="utf-8").splitlines()]
        # Blanks in a path are written as \040.
        return [Path(re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), row[1])) for row in rows if row[2] == "vfat"]
    return sorted(Path("/Volumes").glob("*"))


def board_id(drive: Path) -> str:
    """Return the boot ROM's name for the board; '' if this is no such drive."""
    try:
        text = (drive / INFO).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    found = re.search(r"^Board-ID:\s*(\S+)", text, re.MULTILINE)
    return found[1] if found else ""


class Drive:
    """Drives of boards in boot mode."""

    def __init__(self, places: list[Path] | None = None):
        self._places = places

    def find(self, facts: dict[str, Any]) -> list[Target]:
        """Return one target for each drive. Raises Problem if there are only drives of other chips."""
        wanted = BOARD_IDS[facts["chip"]]
        drives = {place: board_id(place) for place in (mounted() if self._places is None else self._places)}
        found = [place for place, name in drives.items() if name == wanted]
        others = [f"{place} is a {name}" for place, name in drives.items() if name not in ("", wanted)]
        if others and not found:
            raise Problem(f"the wrong board is in boot mode: {'; '.join(others)}, not a {wanted}. Nothing was written")
        return [Target(str(place), f"copy firmware.uf2 to the drive {place}", Copy(place)) for place in found]

    def absent(self, facts: dict[str, Any]) -> str:
        """How to get the drive."""
        return (
            f"a drive {BOARD_IDS[facts['chip']]}: hold the board's BOOTSEL button while its USB cable is plugged in, "
            "and let the drive be mounted"
        )


class Copy:
    """Copies the UF2 file to one drive."""

    def __init__(self, drive: Path):
        self._drive = drive

    def __call__(self, folder: Path) -> None:
        """Copy the image. Raises Problem if the drive cannot be written or disappears before all is written."""
        data = (folder / "firmware.uf2").read_bytes()
        sent = 0
        try:
            with (self._drive / "firmware.uf2").open("wb", buffering=0) as file:
                while sent < len(data):
                    sent += file.write(data[sent : sent + _CHUNK_BYTES])
                os.fsync(file.fileno())
        except PermissionError:
            raise Problem(
                f"no permission to write to {self._drive}: mount it as yourself (a file manager does), or use sudo"
            ) from None
        except OSError as error:
            # After the last block the board starts, and the drive disappears before it is closed.
            if sent < len(data):
                raise Problem(
                    f"{self._drive}: {error.strerror} after {sent} of {len(data)} bytes; the board holds no complete "
                    "image: put it into boot mode again and repeat"
                ) from None
