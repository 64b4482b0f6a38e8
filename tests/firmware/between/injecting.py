"""A pump whose code raises at a named line, a scripted hour of it, and what must hold however it has failed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from firmware import dose_codes as code
from firmware import protocol
from firmware.link.commands import Commands
from firmware.loop import turn
from tests.firmware.agreeing import Agreeing
from tests.firmware.hand import SECOND_US, Hand

FIRMWARE = str(Path(__file__).resolve().parents[3] / "firmware")
MINUTE_US = 60 * SECOND_US


class Injector:
    """Counts the lines of the firmware's files that run, and raises `error` in place of line `at` (0: never)."""

    def __init__(self, at: int, error: Exception) -> None:
        self.lines = 0
        self.raised = ""
        self._at = at
        self._error = error

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if not frame.f_code.co_filename.startswith(FIRMWARE):
            return None
        return self._line

    def _line(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            self.lines += 1
            if self.lines == self._at:
                self.raised = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                raise self._error
        return self._line


@contextmanager
def injected(injector: Injector) -> Iterator[None]:
    before = sys.gettrace()
    sys.settrace(injector)
    try:
        yield
    finally:
        sys.settrace(before)


class Reset(Exception):
    """The failure went through to the board."""


class Device(Hand):
    """A pump with its main loop and its commands; failures are injected into what the loop runs."""

    orders = 0  # of all of them: no two orders of a test have the same id

    def __init__(self, injector: Injector | None = None, *arguments: Any) -> None:
        self.injector: Injector | None = None
        super().__init__(*arguments)
        self.injector = injector
        self.commands = Commands(self.pump)
        self.commands._prepared = Agreeing(self.pump.now_us)
        self.commands.begun(protocol.ROLE_BENCH)

        handle, self.pump.handle = self.pump.handle, self._turn  # type: ignore[method-assign]
        self._handle = handle

    def _turn(self, happened: int) -> None:
        self._guarded(lambda: turn(happened, Turned(self.pump, self._handle), None))

    def order(self, name: str, **values: int) -> int:
        """Give an order; returns the reply's message id."""
        message = next(each for each in protocol.MESSAGES if each.name == name)
        Device.orders += 1
        order = {"command_id": Device.orders, "life": self.pump.orders.life, "expires_us": self.now_us, "confirms": 0}
        values = order | values
        payload = protocol.encode(message.request, values)
        answer: list[int] = []
        self._guarded(lambda: answer.append(self.commands.handle(message.id, payload)[0]))
        return answer[0]

    def _guarded(self, what: Callable[[], object]) -> None:
        if self.injector is None:
            what()
            return
        try:
            with injected(self.injector):
                what()
        except Exception as error:
            raise Reset from error


class Turned:
    """The pump as the loop sees it."""

    def __init__(self, pump: Any, handle: Callable[[int], None]) -> None:
        self.handle = handle
        self.failures = pump.failures


def live(device: Device) -> None:
    """Twelve minutes with everything in them."""
    device.order("set_basal", rate_mu_per_h=30_000)
    device.live(MINUTE_US)
    device.order("bolus", volume_mu=2000)
    device.live(MINUTE_US + 9 * SECOND_US)
    device.order("cancel_bolus")
    device.order("temp_basal", kind=1, value=50, duration_min=30)
    device.order("square_bolus", volume_mu=1600, duration_min=30)
    device.live(5 * MINUTE_US)
    device.order("suspend")
    device.live(6 * MINUTE_US)
    device.order("resume")
    device.order("dual_bolus", volume_mu=600, square_mu=1000, duration_min=30)
    device.live(8 * MINUTE_US)
    device.order("stop")
    device.order("resume")
    device.live(12 * MINUTE_US)


def look(device: Device, where: str) -> None:
    """What must hold however the supervisor has failed."""
    state = device.core.state()
    assert state[code.GUARD_COMMANDED] == len(device.strokes_us), where
    spacing = [after - before for before, after in zip(device.strokes_us, device.strokes_us[1:], strict=False)]
    assert min(spacing, default=2 * SECOND_US) >= 2 * SECOND_US, where
    assert len(device.strokes_us) <= 12 * 60 * 30_000 // 3_600 // 200 + 10 + 8 + 8 + 1, where


def check_the_next(device: Device, where: str) -> None:
    counted = device.core.state()[code.GUARD_COMMANDED]
    next_life = Device(None, device.memory, device.rtc)
    status = next_life.pump.status()
    assert counted <= status["strokes_commanded"] <= counted + 1, where
    assert status["memory"] in (protocol.MEMORY_WHOLE, protocol.MEMORY_MENDED), where
    assert status["bolus_remaining_mu"] == status["square_remaining_mu"] == 0, where
    log = next_life.pump.reports.read_log(0, 1000)["events"]
    assert [each["number"] for each in log] == list(range(1, len(log) + 1)), where
    if status["state"] in (protocol.STATE_STOPPED, protocol.STATE_SUSPENDED):
        assert next_life.order("resume") == 0x94, where
    before = len(next_life.strokes_us)
    assert next_life.order("bolus", volume_mu=600) == 0x91, where
    next_life.live(next_life.now_us + 10 * SECOND_US)
    assert len(next_life.strokes_us) >= before + 3, where
