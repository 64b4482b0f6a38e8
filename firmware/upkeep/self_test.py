"""The self-test: runs at power-on before any dose, and its quick part at least daily.

A check tests one thing and returns (passed, value); a check that raises has failed. A check for which a board lacks the
means is left out of the result, but failed() does not take it as passed: it requires every name in REQUIRED. The pump
decides what follows from a failure (a failed self-test never doses).

Implements: SELF-1
"""

from firmware.compat import const
from firmware.upkeep.known_answers import wrong_answers
from firmware.upkeep.wall_clock import rates_agree

# In the order in which they run.
NAMES = (
    "core_answers", "native_core", "image", "memory", "ram", "stroke_sensor", "pressure_sensor",
    "clock", "clock_rate", "watchdog", "spared_parts", "edges_forgiven",
)  # fmt: skip
REQUIRED = ("core_answers", "native_core", "memory", "ram", "stroke_sensor", "pressure_sensor", "clock")
# The core's file and the image do not change while they run.
DAILY = tuple([name for name in NAMES if name not in ("native_core", "image")])
# Computing the digest of the flash takes the Pico 0.4 s.
QUICK = tuple([name for name in NAMES if name != "image"])
REQUIRED_DAILY = tuple([name for name in REQUIRED if name in DAILY])

FAILED = const(-1)  # the value of a check that raised
PRESSURE_PA = (-20000, 140000)  # what the sensor can show: boards/*/README.md
_MEMORY_BYTES = const(32)
_RAM_BYTES = const(1024)
_PATTERNS = (0x55, 0xAA)
# Reading the clock takes microseconds: within this many reads it has moved, or it has stopped.
_CLOCK_READS = const(1000)
_READS_OF_ONE_THAT_STANDS = const(10)  # logical time stands still while the processor is busy


class World:
    """The things that the checks test. The pump fills in what its board has; None leaves the check out.

    core_class: dosecore.Core. native: the compiled core is in use (bool). image: the identity's, hex digits.
    image_digest(): the digest that the board computes over its own flash, hex digits. nvm: the memory
    (firmware/drivers/nvm.py), and memory_usable(): is its content valid; scratch_at: the address of 32 unused bytes in
    it. allocate(n): a bytearray. stroke_counts(): strokes of the running core, ordered and seen. sensor_line(): is the
    stroke sensor's line high. pressure_sensor: the driver. now_us(): the clock; clock_runs: does it move while the
    processor is busy. elapsed(): (device µs, wall clock s) since both were started, or None while that is unknown.
    watchdog(): is it on. delivering(): may strokes come due. spared: a parts.Spared. record: the StateRecord.
    """

    def __init__(self):
        self.core_class = None
        self.native = None
        self.image = ""
        self.image_digest = None
        self.nvm = None
        self.memory_usable = None
        self.scratch_at = None
        self.allocate = bytearray
        self.stroke_counts = None
        self.sensor_line = None
        self.pressure_sensor = None
        self.now_us = None
        self.clock_runs = True
        self.elapsed = None
        self.watchdog = None
        self.delivering = None
        self.spared = None
        self.record = None


def run(world, names=NAMES):
    """[(name, passed, value)] of the checks in `names` that this board has the means for. Never raises."""
    results = []
    for name in names:
        try:
            result = _CHECKS[name](world)
        except Exception:  # whatever was raised, the check has not passed
            result = (False, FAILED)
        if result is not None:
            results.append((name, result[0], result[1]))
    return results


def failed(results, required=REQUIRED):
    """The checks that have not passed, bit n for NAMES[n]: those that failed, and required ones left out. 0: passed.

    A failed part that therapy does not need is reported in the results, but does not count here.
    """
    verdicts = {name: ok for name, ok, _ in results if name != "spared_parts"}
    mask = 0
    for place, name in enumerate(NAMES):
        if not verdicts.get(name, name not in required):
            mask |= 1 << place
    return mask


def mask(names):
    """Bit n for each check NAMES[n] in `names`."""
    return sum([1 << place for place, name in enumerate(NAMES) if name in names])


def _core_answers(world):
    """The core answers the scripts of known_answers correctly. Value: calls answered wrongly."""
    if world.core_class is None:
        return None
    wrong = wrong_answers(world.core_class)
    return wrong == 0, wrong


def _native_core(world):
    return None if world.native is None else (world.native is True, int(world.native))


def _image(world):
    """The image has its digest. Value: digits compared. An image without a digest, which no build makes, fails."""
    if world.image_digest is None:
        return None
    image = world.image
    known = len(image) > 0 and image.strip("0") != ""
    return known and world.image_digest()[: len(image)] == image, len(image)


def _memory(world):
    """Write the present bytes again and read them back, which is safe if power goes; then patterns to unused bytes.

    Value: bytes that came back wrong; may be 0 and yet fail if the memory's content is not valid.
    """
    nvm = world.nvm
    if nvm is None or world.memory_usable is None:
        return None
    stored = bytearray(_MEMORY_BYTES)
    nvm.read_into(0, stored)
    wrong = _written_wrong(nvm, 0, stored)
    if world.scratch_at is not None:
        for pattern in _PATTERNS:
            wrong += _written_wrong(nvm, world.scratch_at, bytearray([pattern] * _MEMORY_BYTES))
    return wrong == 0 and world.memory_usable(), wrong


def _written_wrong(nvm, address, data):
    nvm.write(address, data)
    again = bytearray(len(data))
    nvm.read_into(address, again)
    return sum([1 for place in range(len(data)) if again[place] != data[place]])


def _ram(world):
    """A block of the heap holds two patterns. Value: bytes that do not hold them."""
    block = world.allocate(_RAM_BYTES)
    wrong = 0
    for pattern in _PATTERNS:
        block[:] = bytes([pattern]) * _RAM_BYTES
        wrong += _RAM_BYTES - bytes(block).count(bytes([pattern]))
    return wrong == 0, wrong


def _stroke_sensor(world):
    """Its count agrees with the strokes ordered to within GUARD-4's one, and its line is low at rest.

    Value: strokes ordered minus strokes seen.
    """
    if world.stroke_counts is None:
        return None
    commanded, confirmed = world.stroke_counts()
    off = commanded - confirmed
    at_rest = world.sensor_line is None or not world.sensor_line()
    return -1 <= off <= 1 and at_rest, off


def _pressure_sensor(world):
    """The sensor is neither shorted nor open, and shows a pressure within its range. Value: Pa."""
    sensor = world.pressure_sensor
    if sensor is None:
        return None
    pressure_pa = sensor.read_pa()
    low_pa, high_pa = PRESSURE_PA
    return sensor.in_range() and low_pa <= pressure_pa <= high_pa, pressure_pa


def _clock(world):
    """The clock moves, and never back; logical time, which stands still here, need not move. Value: µs it moved."""
    if world.now_us is None:
        return None
    first_us = latest_us = world.now_us()
    for _ in range(_CLOCK_READS if world.clock_runs else _READS_OF_ONE_THAT_STANDS):
        now_us = world.now_us()
        if now_us < latest_us:
            return False, now_us - latest_us
        latest_us = now_us
        if latest_us > first_us:
            break
    moved_us = latest_us - first_us
    return moved_us > 0 or not world.clock_runs, moved_us


def _clock_rate(world):
    """Device time and wall clock have run equally fast since both were started. Value: s that the device is ahead."""
    elapsed = None if world.elapsed is None else world.elapsed()
    if elapsed is None:
        return None
    device_us, wall_s = elapsed
    return rates_agree(device_us, wall_s), device_us // 1000000 - wall_s


def _watchdog(world):
    return None if world.watchdog is None else (world.watchdog() is True, 1 if world.watchdog() else 0)


def _spared_parts(world):
    """The spared parts work. Value: bit n for parts.SPARED[n] if it failed when last used."""
    return None if world.spared is None else (world.spared.failing == 0, world.spared.failing)


def _edges_forgiven(world):
    """Report only. Value: strokes missed or seen too often that were forgiven since the memory was initialised."""
    return None if world.record is None else (True, world.record.edges_forgiven)


_CHECKS = {
    "core_answers": _core_answers,
    "native_core": _native_core,
    "image": _image,
    "memory": _memory,
    "ram": _ram,
    "stroke_sensor": _stroke_sensor,
    "pressure_sensor": _pressure_sensor,
    "clock": _clock,
    "clock_rate": _clock_rate,
    "watchdog": _watchdog,
    "spared_parts": _spared_parts,
    "edges_forgiven": _edges_forgiven,
}
