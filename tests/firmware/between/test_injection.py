"""Failures inside the firmware's world: exceptions at any line, a memory that fails, sensors that talk nonsense.

A scripted hour is lived again and again; each time one line of the supervisor's code raises instead of running. However
it fails, strokes stay what the guard allows, the books agree with the motor, the cause is in the log, the pump goes on
or is stopped with an alarm, and the next life takes up what this one left.
"""

from __future__ import annotations

import random

import pytest

from firmware import dose_codes as code
from firmware import events, protocol
from firmware.errors import FirmwareError, MemoryAbsent
from firmware.protocol.alarms import BY_NUMBER
from firmware.upkeep.failures import EXCEPTIONS
from tests.firmware.between.injecting import MINUTE_US, Device, Injector, Reset, check_the_next, live, look
from tests.firmware.ram import RamNvm

KINDS = (MemoryError, ValueError, OSError, RuntimeError)


WHOLE = Injector(0, ValueError())
live(Device(WHOLE))


@pytest.mark.req("ALARM-1", "GUARD-3", "STORE-2", "LOG-1")
@pytest.mark.parametrize("kind", KINDS, ids=[each.__name__ for each in KINDS])
def test_an_exception_at_any_line_is_logged_and_safe(kind: type[Exception]) -> None:
    assert WHOLE.lines > 5_000
    places = random.Random(f"injection {kind.__name__}").sample(range(1, WHOLE.lines), 40)
    resets = 0
    for place in places:
        injector = Injector(place, kind("injected"))
        device = Device(injector)
        try:
            live(device)
        except Reset:
            resets += 1
        where = f"{kind.__name__} at line {place} run, {injector.raised}"
        assert injector.raised, where
        look(device, where)
        device.injector = None
        after = device.restarted() if resets else device
        check_the_next(device, where)
        del after
    # Failing once, the loop is able to deal with nearly all of them itself.
    assert resets <= 2


# An order, its fields, and at how many-th lines it fails; at every one in `make between-nightly`.
ORDERS: dict[str, tuple[dict[str, int], int]] = {
    "stop": ({}, 11),
    "suspend": ({}, 11),
    "resume": ({}, 11),
    "set_basal": ({"rate_mu_per_h": 20_000}, 17),
    "bolus": ({"volume_mu": 600}, 41),
    "dual_bolus": ({"volume_mu": 600, "square_mu": 1000, "duration_min": 30}, 61),
    "temp_basal": ({"kind": 1, "value": 50, "duration_min": 30}, 17),
}


@pytest.mark.req("THER-3", "ALARM-1", "ALARM-2", "LOG-1")
@pytest.mark.parametrize("order", ORDERS)
def test_a_failure_amid_an_order_stops_the_pump_which_says_so(order: str) -> None:
    """Wherever it fails: the order was carried out as answered, or the pump is stopped and the cause in the log."""
    fields, every = ORDERS[order]
    resets = 0
    for number in range(1, 100_000, every):
        device = Device()
        device.order("set_basal", rate_mu_per_h=30_000)
        if order == "resume":
            device.order("stop")
        injector = device.injector = Injector(number, MemoryError("injected"))
        try:
            reply = device.order(order, **fields)
        except Reset:
            resets += 1
            continue
        device.injector = None
        if not injector.raised:
            break
        status = device.pump.status()
        delivers = not device.core.state()[code.SUSPENDED]
        assert delivers == (status["state"] in (protocol.STATE_RUNNING, protocol.STATE_SUSPENDED)), injector.raised
        if reply == protocol.REFUSAL_ID:
            assert not delivers, injector.raised
            assert BY_NUMBER[status["alarm"]].name == "system_error", injector.raised
            log = device.pump.reports.read_log(0, 1000)["events"]
            assert protocol.EVENT_EXCEPTION in [each["event"] for each in log], injector.raised
        if not delivers:
            assert device.order("resume") == 0x94, injector.raised
    else:
        raise AssertionError("it never ran to its end")
    assert number > 50 and resets <= 2


@pytest.mark.req("ALARM-1", "LOG-1")
def test_what_failed_is_in_the_log_and_the_alarm_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    device = Device()
    device.order("set_basal", rate_mu_per_h=30_000)

    def fail(now_us: int) -> None:
        raise MemoryError

    monkeypatch.setattr(device.pump.alarms, "stroke_over", fail)
    device.live(5 * MINUTE_US)
    monkeypatch.undo()
    assert len(device.strokes_us) == 1
    status = device.pump.status()
    assert (status["state"], BY_NUMBER[status["alarm"]].name) == (protocol.STATE_STOPPED, "system_error")
    log = device.pump.reports.read_log(0, 1000)["events"]
    details = [each["detail"] for each in log if each["event"] == protocol.EVENT_EXCEPTION]
    assert details and set(details) == {EXCEPTIONS.index(MemoryError)}
    device.live(10 * MINUTE_US)
    assert len(device.strokes_us) == 1, "only a person resumes"
    assert device.order("resume") == 0x94
    device.live(15 * MINUTE_US)
    assert len(device.strokes_us) > 10


class FailingNvm(RamNvm):
    """A memory whose writes `failing` fail, by number."""

    def __init__(self, bad: set[int]) -> None:
        super().__init__()
        self.bad = bad
        self.tried = 0

    def write(self, address: int, data: bytes) -> None:
        self.tried += 1
        if self.tried in self.bad:
            raise MemoryAbsent(0x50)
        super().write(address, data)


@pytest.mark.req("STORE-1", "GUARD-3")
def test_writes_that_fail_stop_the_strokes_and_nothing_is_lost() -> None:
    whole = FailingNvm(set())
    live(Device(None, whole))
    first = FailingNvm(set())
    Device(None, first)
    draw = random.Random("writes")
    for number in draw.sample(range(first.tried + 1, whole.tried), 60):
        length = draw.choice((1, 1, 2, 5, 1000))
        memory = FailingNvm(set(range(number, number + length)))
        device = Device(None, memory)
        where = f"{length} writes from {number} on"
        try:
            live(device)
        except FirmwareError as error:
            pytest.fail(f"{where}: {error}")
        look(device, where)
        memory.bad = set()
        device.pump.handle(events.TIME)
        check_the_next(device, where)


@pytest.mark.req("OCC-2", "LINK-4")
def test_readings_that_are_nonsense_harm_nothing() -> None:
    from firmware.occlusion.watch import Watch

    for seed in range(30):
        noise = random.Random(seed)
        mode = noise.choice(("any", "stuck", "ends"))
        stuck = noise.randrange(1 << 25)

        def packed(noise: random.Random = noise, mode: str = mode, stuck: int = stuck) -> int:
            if mode == "any":
                return noise.randrange(-1, 1 << 25)
            return stuck if mode == "stuck" else noise.choice((0, (1 << 25) - 1, 1 << 24, 0xFFF))

        def counts(noise: random.Random = noise) -> int:
            return noise.randrange(4096)

        watch = Watch(packed, counts, (512, 39_063, 4095), 500, 104_222)
        device = Device(None, None, None, watch)
        live(device)
        look(device, f"seed {seed}, {mode}")
        assert device.pump.failures.last_error is None
        assert device.commands.last_error is None
