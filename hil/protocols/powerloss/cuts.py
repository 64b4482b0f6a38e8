"""All cuts of a traced life. Each has its whole writes, its torn write, its time, and the truth at that time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hil.protocols.powerloss.traced import BURST_US, Life, Memory, Write

# Time without power before the restart, and whether the clock keeps running. Each cut takes the next of these in turn.
OFF = ((1_500_000, True), (120_000_000, True), (10_800_000_000, True), (90_000_000, False))


@dataclass(frozen=True, slots=True)
class Cut:
    """Power lost after `writes` whole writes and `torn_bytes` of the next, at `at_us`, after request `exchange`."""

    name: str
    writes: int
    torn_bytes: int
    exchange: int
    at_us: int
    off_us: int
    clock_kept: bool
    clock_ahead_s: int = 0


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth at a cut. A stroke in progress is in `started` and not in `completed`."""

    started: int
    completed: int
    bolus_started: dict[int, int]  # strokes of each bolus whose delivery has begun
    squares: dict[int, int]  # strokes programmed of each accepted square bolus
    memories: tuple[Memory, ...]  # valid memories: before and after a step that was under way


def torn_lengths(size: int) -> tuple[int, ...]:
    """Return where a write of `size` bytes is cut: before it, after its first byte, in the middle, before its last."""
    return tuple(sorted({0, 1, size // 2, size - 1}))


def all_cuts(life: Life) -> Iterator[Cut]:
    """Return every cut: one at each exchange, and several within each write."""
    number = 0
    writes = 0
    for exchange, at_us in enumerate(life.times_us, 1):
        while writes < len(life.writes) and life.writes[writes].exchange < exchange:
            writes += 1
        off_us, kept = OFF[number % len(OFF)]
        number += 1
        yield Cut(f"exchange {exchange}", writes, 0, exchange, at_us, off_us, kept, _clock_ahead_s(life, exchange))
    for index, write in enumerate(life.writes):
        for torn_bytes in torn_lengths(len(write.data)):
            off_us, kept = OFF[number % len(OFF)]
            number += 1
            name = f"write {index + 1}, {torn_bytes} of {len(write.data)} bytes"
            # Before the first request the board has not received a time yet.
            at_us = life.times_us[write.exchange] if write.exchange < len(life.times_us) else life.times_us[-1]
            ahead_s = _clock_ahead_s(life, write.exchange)
            yield Cut(name, index, torn_bytes, write.exchange, at_us, off_us, kept, ahead_s)


def _clock_ahead_s(life: Life, exchange: int) -> int:
    # During a step that sets the clock, use the new value: the battery-backed clock is set first.
    return [each for each in life.memories if each.begins <= exchange][-1].clock_ahead_s


def image(onto: bytes | bytearray, writes: list[Write], whole: int, torn_bytes: int) -> bytearray:
    """Return the cells `onto` after `whole` writes and `torn_bytes` of the next."""
    cells = bytearray(onto)
    for write in writes[:whole]:
        cells[write.address : write.address + len(write.data)] = write.data
    if torn_bytes:
        write = writes[whole]
        cells[write.address : write.address + torn_bytes] = write.data[:torn_bytes]
    return cells


def truth_at(life: Life, cut: Cut) -> Truth:
    """Return the truth at `cut`."""
    started = life.started[cut.exchange - 1] if cut.exchange else 0
    last_us = life.strokes_us[started - 1] if started else -BURST_US
    completed = started - 1 if cut.at_us < last_us + BURST_US else started
    strokes_us = life.strokes_us[:started]
    boluses = {}
    for bolus in life.boluses.values():
        made = sum(1 for each in strokes_us if each >= bolus.start_us)
        if made:
            boluses[bolus.id] = min(made, bolus.commanded_strokes)
    known = [each for each in life.memories if each.begins <= cut.exchange]
    newest = known[-1]
    possible = [newest] if cut.exchange > newest.ends or len(known) == 1 else [known[-2], newest]
    if newest.by_alarm or any(each.by_alarm for each in life.memories[len(known) : len(known) + 1]):
        # The detector has stopped a pump whose strokes the sensor does not see. After a cut the guard may stop it
        # instead.
        possible += [replace(each, state="fault") for each in possible]
    squares = {number: strokes for number, (ends, strokes) in life.squares.items() if cut.exchange > ends}
    return Truth(started, completed, boluses, squares, tuple(possible))
