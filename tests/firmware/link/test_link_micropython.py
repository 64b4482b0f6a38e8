"""The link on MicroPython itself: the same answers to the same bytes, and no allocation per byte received."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from firmware import protocol
from firmware.protocol import BY_ID, encode
from host.api.link import encode_frame
from tests.virtual_board import MICROPYTHON, on_micropython

ROOT = Path(__file__).resolve().parents[3]

pytestmark = on_micropython

PROLOGUE = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "boards" / "BENCH_IO")!r}]
import gc, json
from firmware import protocol
from firmware.link.answered_by import ANSWERED_BY
from firmware.link.commands import Commands
from firmware.errors import Refused
from firmware.link.link import Link
from open_door import OpenDoor
from firmware.storage.orders import BYTES, Orders

class Uart:
    def __init__(self):
        self.incoming = b""
        self.at = 0
        self.sent = bytearray()
    def read_into(self, buffer):
        count = min(len(buffer), len(self.incoming) - self.at)
        for index in range(count):
            buffer[index] = self.incoming[self.at + index]
        self.at += count
        return count
    def write(self, buffer, count):
        self.sent.extend(memoryview(buffer)[:count])

class Record:
    command_id = 0

class Nvm:
    cells = bytearray(BYTES)
    def read_into(self, address, buffer):
        buffer[:] = self.cells[address : address + len(buffer)]
    def write(self, address, data):
        self.cells[address : address + len(data)] = data

class Pump:
    def announced(self):
        pass
    def refused(self, message_id, code, value):
        pass
    def identity(self):
        return {{"board": "NONE", "firmware_version": "0.0.1", "core_version": "0.0.2", "native_core": True,
                "stroke_uu": 200000, "stroke_nl": 500, "concentration_u_per_ml": 400, "now_us": 1000000,
                "image": "0123456789abcdef", "life": 7}}
    record = Record()
    orders = Orders(Nvm(), 0)
    orders.initialise(6)
    def __init__(self):
        self.failures = self
        for part, _ in ANSWERED_BY:
            setattr(self, part, self)
    def __getattr__(self, name):
        if any([message[0] == name for message in protocol.MESSAGES]):
            return lambda **request: {{}}
        raise AttributeError(name)
    def now_us(self):
        return 2000000
    def bolus(self, volume_mu, **order):
        return {{"at_us": 3000000, "delivery_id": 1, "strokes": volume_mu * 1000 // 200000}}
    def resume(self, **order):
        raise Refused(protocol.WRONG_STATE, None, 2)
    def cancel_bolus(self, **order):
        raise OSError(5)
    def failed(self, error):
        self.failure = error.args

def poll(uart, data):
    uart.incoming, uart.at = data, 0
    while link.poll():
        pass

uart = Uart()
pump = Pump()
commands = Commands(pump, role=protocol.ROLE_BENCH)
link = Link(uart, OpenDoor(commands.handle), commands.counters)
"""


def run(script, data=b"", python=MICROPYTHON):
    done = subprocess.run(
        [python, "-c", PROLOGUE + script],
        input=data.hex(),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.req("LINK-1", "LINK-4")
def test_same_bytes_same_answers_as_on_cpython():
    def ask(sequence, number, **values):
        return encode_frame(sequence, number, encode(BY_ID[number].request, values, check=False))

    print("seed 3")
    noise = random.Random(3)
    stream = ask(1, 0x06) + noise.randbytes(3000) + b"\0"
    for sequence, volume_mu in ((2, 2400), (3, 50000), (0xFFFF, 0xFFFFFFFF), (2, 2400)):
        stream += ask(
            sequence, 0x11, command_id=sequence, life=7, expires_us=60_000_000, confirms=0, volume_mu=volume_mu
        )
    stream += encode_frame(5, 0x7E, b"x" * 247) + encode_frame(6, 0x11, b"") + b"\x01" * 300 + b"\0"
    script = (
        "poll(uart, bytes.fromhex(sys.stdin.read()))\n"
        "print(json.dumps({'sent': bytes(uart.sent).hex(), 'counters': commands.counters.__dict__}))\n"
    )
    expected = run(script, stream, sys.executable)
    assert expected["sent"] and expected["counters"]["orders_repeated"] == 1
    assert run(script, stream) == expected


@pytest.mark.req("LINK-4")
def test_exceptions_stay_inside_on_micropython():
    answer = run(
        "order = bytes([1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0]) + bytes(8)\n"
        "codes = [commands.handle(0x12, order)[1][1], commands.handle(0x15, b'')[1][1]]\n"
        "codes.append(commands.handle(0x14, bytes([2]) + order[1:])[1][1])\n"
        "print(json.dumps(codes + [list(pump.failure)]))\n"
    )
    assert answer == [protocol.INTERNAL_ERROR, protocol.BAD_LENGTH, protocol.WRONG_STATE, [5]]


@pytest.mark.req("LINK-4")
def test_receiving_allocates_nothing_per_byte():
    """One object may be made a frame (the CRC), none a byte: 64 times as many bytes, the same memory."""
    answer = run(
        "def used(data):\n"
        "    gc.collect()\n"
        "    gc.disable()\n"
        "    before = gc.mem_alloc()\n"
        "    poll(uart, data)\n"
        "    after = gc.mem_alloc()\n"
        "    gc.enable()\n"
        "    return after - before\n"
        "short, long = b'U' * 1024 + bytes(1), b'U' * 65536 + bytes(1)\n"
        "used(short)\n"
        "print(json.dumps([used(short), used(long)]))\n"
    )
    # The fake port and the calls themselves cost a little per chunk of 64 bytes.
    assert answer[1] - answer[0] < 1024, answer


EXTREMES = """
from binascii import hexlify
from firmware import protocol
from firmware.protocol.bounded import pack_into
from firmware.protocol import MESSAGES, REFUSAL, TELEMETRY, fit
from firmware.protocol.codec import FIELDS, HIGH, KIND, NAME, REPLY

def value_of(field, number):
    if field[KIND] == "str8":
        return "x" * min(abs(number), 300)
    if field[KIND] == "bytes":
        return b"x" * min(abs(number), 300)
    if field[KIND] == "records":
        return [{each[NAME]: value_of(each, number) for each in field[FIELDS]}] * min(field[HIGH], 40)
    return number

packed = []
for number in (0, -1, 1, 1 << 31, -(1 << 31), 1 << 32, (1 << 63) - 1, 1 << 63, 1 << 64, -(1 << 64), 1 << 70):
    for fields in [message[REPLY] for message in MESSAGES] + [REFUSAL, TELEMETRY]:
        packed.append(hexlify(fit(fields, {field[NAME]: value_of(field, number) for field in fields})).decode())
    packed.append(hexlify(protocol.refusal(1, number & 7, 255, number, -number)).decode())
    cells = bytearray(19)
    pack_into("<BHIQi", cells, 0, number, number, number, number, number)
    packed.append(hexlify(cells).decode())
for each in packed:  # line by line: all of it at once would not fit
    print(each)
"""


@pytest.mark.req("LINK-4", "STORE-1")
def test_any_value_is_packed_and_the_same_on_both_pythons():
    def lines(program):
        done = subprocess.run(
            [program, "-c", f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n" + EXTREMES],
            capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    here, there = lines(sys.executable), lines(MICROPYTHON)
    assert here == there
    for place, message in enumerate(protocol.MESSAGES):
        payload = bytes.fromhex(here[place])
        assert len(payload) <= protocol.MAX_PAYLOAD_BYTES
        protocol.decode(message.reply, payload) if not any(field.low for field in message.reply) else None
