"""Programs that write images, if installed: picotool for RP2040, RP2350; st-flash, pyocd and OpenOCD for the STM32.

Those for the STM32 connect while they hold the chip in reset, because a release sleeps in stop 2, where its debug port
is off.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tools.console import Problem, run_logged
from tools.flash.target import Target

STM32_FLASH = "0x08000000"
_UNDER_RESET = "reset_config srst_only srst_nogate connect_assert_srst"  # of OpenOCD
_DENIED = re.compile(r"permission|access denied|insufficient|LIBUSB_ERROR_ACCESS|unable to connect", re.IGNORECASE)
_RULES = "The debug probe's udev rules are missing, or use sudo"


def output_of(*command: str) -> str:
    """Return a program's output, whatever its exit status. Raises Problem if it was denied access to the device."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except subprocess.TimeoutExpired:
        raise Problem(f"{command[0]} does not respond; unplug the board and plug it in again") from None
    said = done.stdout + done.stderr
    if done.returncode != 0 and _DENIED.search(said):
        raise Problem(f"{command[0]} may not use the board: {said.strip().splitlines()[-1]}. {_RULES}")
    return said


def write_with(program: str, *arguments: str) -> None:
    """Run a program that writes and verifies. Raises Problem with its last output."""
    run_logged(f"flash-{program}", [program, *arguments], hint="The content of the board's flash is now unknown.")


class Picotool:
    """picotool. It also reaches a board whose drive is not mounted."""

    def find(self, facts: dict[str, Any]) -> list[Target]:
        """The one board in boot mode, if picotool is installed and sees it."""
        if not shutil.which("picotool"):
            return []
        said = output_of("picotool", "info")
        if "Program Information" not in said:
            return []
        return [Target("picotool", "picotool load --verify --execute firmware.uf2", self._write)]

    @staticmethod
    def _write(folder: Path) -> None:
        write_with("picotool", "load", "--verify", "--execute", str(folder / "firmware.uf2"))

    def absent(self, facts: dict[str, Any]) -> str:
        """How to get it."""
        return "picotool, installed, with a board in boot mode"


class StFlash:
    """st-flash of stlink-tools: the ST-LINK on every Nucleo and Discovery board."""

    def find(self, facts: dict[str, Any]) -> list[Target]:
        """Return one target for each probe."""
        if not (shutil.which("st-flash") and shutil.which("st-info")):
            return []
        serials = re.findall(
            r"^\s*serial:\s*(\S+)", output_of("st-info", "--probe", "--connect-under-reset"), re.MULTILINE
        )
        return [
            Target(each, f"st-flash --serial {each} under reset, write firmware.bin {STM32_FLASH}", Stlink(each))
            for each in serials
        ]

    def absent(self, facts: dict[str, Any]) -> str:
        """How to get it."""
        return "st-flash (Debian: stlink-tools), with a board whose ST-LINK is plugged in"


class Stlink:
    """Writes through one ST-LINK."""

    def __init__(self, serial: str):
        self._serial = serial

    def __call__(self, folder: Path) -> None:
        """Write the image. Raises Problem."""
        how = ("--connect-under-reset", "--serial", self._serial, "--reset")
        write_with("st-flash", *how, "write", str(folder / "firmware.bin"), STM32_FLASH)


class Pyocd:
    """pyocd: any CMSIS-DAP probe or ST-LINK. board.toml names the chip: [flash] pyocd = "stm32l475xg"."""

    def find(self, facts: dict[str, Any]) -> list[Target]:
        """Return one target for each probe."""
        chip = facts.get("flash", {}).get("pyocd")
        if not chip or not shutil.which("pyocd"):
            return []
        try:
            probes = json.loads(output_of("pyocd", "json", "--probes")).get("boards", [])
        except ValueError:
            return []
        names = [str(each["unique_id"]) for each in probes]
        return [
            Target(each, f"pyocd load --target {chip} --probe {each} firmware.elf", Probe(chip, each)) for each in names
        ]

    def absent(self, facts: dict[str, Any]) -> str:
        """How to get it."""
        return "pyocd, with a board whose debug probe is plugged in"


class Probe:
    """Writes through one probe of pyocd."""

    def __init__(self, chip: str, name: str):
        self._chip = chip
        self._name = name

    def __call__(self, folder: Path) -> None:
        """Write the image. Raises Problem."""
        how = ("--connect", "under-reset", "--target", self._chip, "--probe", self._name)
        write_with("pyocd", "load", *how, str(folder / "firmware.elf"))


class Openocd:
    """OpenOCD. It cannot list connected boards, so it is tried last. board.toml: [flash] openocd = "board/….cfg"."""

    def find(self, facts: dict[str, Any]) -> list[Target]:
        """Return its one board, if OpenOCD can connect to it."""
        config = facts.get("flash", {}).get("openocd")
        if not config or not shutil.which("openocd"):
            return []
        if "Error" in output_of("openocd", "-f", config, "-c", _UNDER_RESET, "-c", "init; shutdown"):
            return []
        return [Target("openocd", f"openocd -f {config}, program firmware.elf verify reset", Debugger(config))]

    def absent(self, facts: dict[str, Any]) -> str:
        """How to get it."""
        return "openocd, with a board whose debug probe is plugged in"


class Debugger:
    """Writes through OpenOCD."""

    def __init__(self, config: str):
        self._config = config

    def __call__(self, folder: Path) -> None:
        """Write the image. Raises Problem."""
        order = f"program {folder / 'firmware.elf'} verify reset exit"
        write_with("openocd", "-f", self._config, "-c", _UNDER_RESET, "-c", order)
