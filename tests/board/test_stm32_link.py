"""STM32L4: the programmer link by DMA loses nothing, wakes for frames, and in stop mode for the line's edge."""

import random

import pytest

from hil.emulator_stm32.usart import BYTE_CYCLES, UARTS
from tests.board.stm32_machine import Machine, build

UART_EVENT = 4


class Pump:
    def __init__(self, image, uart=1):
        self.machine = Machine(image, uart)
        self.chip, self.line = self.machine.chip, self.machine.usart
        assert self.machine.call("shim_setup") == 1
        assert self.machine.call("shim_begin", 96, 400, 1600, 20000)
        self.machine.call("shim_sleep", 3_600_000_000)

    def read(self, size=8192):
        count = self.machine.call("shim_read", size)
        return self.machine.bytes_at("shim_bytes", count)

    def write(self, data):
        self.machine.engine.mem_write(self.machine.address("shim_bytes"), bytes(data))
        return self.machine.call("shim_write", len(data))

    def idle(self, may_stop=0):
        return self.machine.call("shim_idle", may_stop)

    def wait_for_bytes(self, may_stop=0):
        for _ in range(200):
            if self.idle(may_stop) & UART_EVENT:
                return
        raise AssertionError("nothing came")


@pytest.fixture
def pump(image):
    return Pump(image)


def frames(seed, count):
    draw = random.Random(seed)
    return [bytes(draw.randrange(1, 256) for _ in range(draw.randrange(1, 256))) + b"\0" for _ in range(count)]


@pytest.mark.req("LINK-4")
@pytest.mark.parametrize("uart", UARTS)
def test_at_line_rate_nothing_is_lost_either_way_on_any_uart(image, tmp_path, uart):
    pump = Pump(build(tmp_path, uart, base=image), uart)
    data = b"".join(frames(uart, 60))
    pump.line.feed(data)
    came, said, rest = b"", 0, data
    while len(came) < len(data):
        pump.wait_for_bytes()
        came += pump.read(random.Random(len(came)).randrange(1, 3000))
        taken = pump.write(rest[:500])
        said, rest = said + taken, rest[taken:]
    while rest or len(pump.line.sent) < len(data):
        pump.machine.pass_time(5000)
        taken = pump.write(rest[:500])
        said, rest = said + taken, rest[taken:]
    assert came == data
    assert bytes(pump.line.sent) == data
    assert pump.line.lost == 0
    assert pump.chip.wrong == []


@pytest.mark.req("LINK-1")
def test_the_processor_wakes_for_a_whole_frame_and_not_for_bytes(pump):
    pump.line.feed(b"abcdefgh")
    woken = 0
    while pump.line.coming:
        assert not pump.idle() & UART_EVENT
        woken += 1
    assert woken <= 3
    pump.line.feed(b"ij\0")
    pump.wait_for_bytes()
    assert pump.read() == b"abcdefghij\0"
    assert not pump.machine.call("shim_idle", 0) & UART_EVENT


def test_half_a_ring_without_a_frame_must_be_read(pump):
    pump.line.feed(bytes(range(1, 252)) * 9)
    pump.wait_for_bytes()
    assert len(pump.read()) >= 2048


def test_of_more_than_the_ring_holds_all_is_lost_and_what_comes_next_is_whole(pump):
    data = b"".join(frames(3, 60))
    assert len(data) > 6000
    pump.line.feed(data)
    pump.machine.pass_time(len(data) * 100)
    assert pump.read() == b""
    pump.line.feed(b"\0next\0")
    pump.machine.pass_time(2_000)
    assert pump.read() == b"\0next\0"


def test_what_does_not_fit_is_not_taken(pump):
    data = b"".join(frames(4, 60))[:3000]
    taken = pump.write(data)
    assert taken == 2048
    pump.machine.pass_time(400_000)
    assert bytes(pump.line.sent) == data[:2048]
    assert pump.write(data[:100]) == 100
    pump.machine.pass_time(20_000)
    assert bytes(pump.line.sent) == data[:2048] + data[:100]


@pytest.mark.req("LINK-4")
def test_while_replies_wait_behind_the_one_being_sent_no_request_is_taken(pump):
    pump.write(b"x" * 99 + b"\0")
    pump.line.feed(b"one\0")
    pump.machine.pass_time(1_000)
    assert pump.read() == b"one\0", "one reply on its way holds nothing up"
    pump.write(b"y" * 99 + b"\0")
    pump.line.feed(b"two\0")
    pump.machine.pass_time(1_000)
    assert pump.read() == b"" and not pump.idle() & UART_EVENT
    pump.machine.pass_time(8_000)  # 100 bytes are 8.7 ms; some have gone
    pump.wait_for_bytes()
    assert pump.read() == b"two\0"


@pytest.mark.req("PWR-1")
def test_in_stop_mode_an_edge_of_the_line_wakes_the_pump_and_the_repeat_is_heard(pump):
    for _ in range(3):
        pump.idle(1)
    assert pump.chip.stops >= 2
    frame = b"hello\0"
    pump.chip.now += 1000
    pump.line.feed(frame)
    stops = pump.chip.stops
    # The frame that wakes is (partly) lost: the chip's clock is off when it begins.
    pump.line.arrives = pump.chip.now + BYTE_CYCLES
    pump.idle(1)
    pump.machine.pass_time(500_000)
    pump.read()
    pump.line.feed(frame)
    pump.wait_for_bytes(1)
    assert pump.read().endswith(frame)
    assert pump.chip.stops <= stops + 1, "awake while the link is in use"
    for _ in range(12):
        pump.idle(1)
    assert pump.chip.stops > stops + 1, "and asleep again after it"
    assert pump.chip.wrong == []


@pytest.mark.req("PWR-1")
def test_the_pump_does_not_stop_while_it_sends(pump):
    pump.machine.pass_time(6_000_000)
    pump.write(b"x" * 2000)
    while len(pump.line.sent) < 2000:
        stops = pump.chip.stops
        pump.idle(1)
        assert pump.chip.stops == stops
    assert bytes(pump.line.sent) == b"x" * 2000
