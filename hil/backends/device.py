"""The virtual board as a process: the MicroPython unix port with the firmware frozen in, connected by two pipes."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from hil.backends.backed import EXIT_POWER_CUT
from hil.errors import DeviceLost, DeviceMissing

ROOT = Path(__file__).resolve().parents[2]
_LAST_WORDS_BYTES = 2000
_EXIT_TEXTS = {
    3: "it lost the bench",
    4: "it got a reply that breaks the bench link's rules",
    6: "its supervisor would never sleep again",
}


def device_program() -> Path:
    """Return the VIRTUAL board's program; RELEVE_MICROPYTHON selects another. Raises DeviceMissing."""
    program = Path(os.environ.get("RELEVE_MICROPYTHON", ROOT / "build" / "VIRTUAL" / "micropython"))
    if not program.is_file():
        raise DeviceMissing(f"the virtual board is not built: {program} is missing. Run 'make firmware BOARD=VIRTUAL'.")
    return program


class Device:
    """A running virtual board. `read_fd` and `write_fd` are the bench's ends of the link.

    `memory_fd` is the file of its Backed memory. `trace_fd` is a file to which every write to the memory is appended,
    or 0. `mechanism` is the mechanism that the board assumes in front of the catheter.
    """

    def __init__(
        self,
        *,
        stroke_nl: int = 500,
        concentration_u_per_ml: int = 400,
        memory_fd: int,
        trace_fd: int = 0,
        mechanism: str = "implant",
    ) -> None:
        program = device_program()
        self.last_words = ""  # the console output at its exit
        from_bench, self.write_fd = os.pipe()
        self.read_fd, to_bench = os.pipe()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the device
        numbers = (from_bench, to_bench, stroke_nl, concentration_u_per_ml, memory_fd, trace_fd)
        arguments = [*(str(each) for each in numbers), mechanism]
        try:
            self._process = subprocess.Popen(
                [str(program), "-m", "firmware.main", *arguments],
                pass_fds=[fd for fd in (from_bench, to_bench, memory_fd, trace_fd) if fd],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                cwd=program.parent,  # searched first: a checkout's firmware/ there would hide the frozen one
                stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C in a terminal is for the bench; the board ends with its pipes
            )
        except OSError as error:
            self._close_pipes()
            raise DeviceLost(f"the virtual board does not start: {program}: {error}") from error
        finally:
            os.close(from_bench)
            os.close(to_bench)

    def lost(self, what: str) -> DeviceLost:
        """Return the error for a device that broke off, with its exit status and its last output."""
        self._close_pipes()
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        words = self._said_last()
        how = f"killed by signal {-status}" if status < 0 else _EXIT_TEXTS.get(status, f"exit status {status}")
        return DeviceLost(f"{what}: the virtual board ended ({how})" + (f"\n{words}" if words else ""))

    def wait(self) -> None:
        """Wait for the device to exit after its goodbye. Raises DeviceLost unless it exits with 0."""
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            status = None
        if status != 0:
            raise self.lost("after its goodbye")
        self.last_words = self._said_last()
        self._close_pipes()
        self._output.close()

    def power_failed(self) -> bool:
        """True if the power failed in the middle of a write, as the bench had asked."""
        try:
            return self._process.wait(timeout=5) == EXIT_POWER_CUT
        except subprocess.TimeoutExpired:
            return False

    def kill(self) -> None:
        """Cut the device's power."""
        self._process.kill()
        self._process.wait()
        self._close_pipes()
        self._output.close()

    def _said_last(self) -> str:
        self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, self._output.tell() - _LAST_WORDS_BYTES))
        return self._output.read().decode(errors="replace").strip()

    def _close_pipes(self) -> None:
        for each in (self.read_fd, self.write_fd):
            if each >= 0:
                os.close(each)
        self.read_fd = self.write_fd = -1
