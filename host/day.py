"""The day of a basal pattern, 48 half-hourly rates in mU/h: segments, edits as people write them, files.

Implements: THER-1, HOST-1
"""

from __future__ import annotations

import csv
import json
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from firmware.protocol import HALF_HOURS
from host.units import AmountError, milli_text, parse_milli, whole_steps

RATE_STEP_MU_PER_H = 50
_CHANGE = re.compile(r"([0-9]{1,2}:[0-9]{2})(?:-([0-9]{1,2}:[0-9]{2}))?=(\S+)")
_CSV_HEAD = ("time", "rate_u_per_h")

Rates = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the day, in half-hours since midnight, and its rate."""

    first: int
    after: int
    rate_mu_per_h: int


def segments(rates: Sequence[int]) -> list[Segment]:
    """Return the day as stretches of one rate."""
    starts = [place for place in range(len(rates)) if place == 0 or rates[place] != rates[place - 1]]
    ends = [*starts[1:], len(rates)]
    return [Segment(first, after, rates[first]) for first, after in zip(starts, ends, strict=True)]


def compared(old: Sequence[int], new: Sequence[int]) -> list[tuple[Segment, Segment]]:
    """Return the day as pairs of segments (old, new) between which neither of the two patterns changes."""
    edges = sorted({each.first for each in segments(old)} | {each.first for each in segments(new)} | {len(old)})
    return [
        (Segment(first, after, old[first]), Segment(first, after, new[first]))
        for first, after in zip(edges, edges[1:], strict=False)
    ]


def clock(half_hour: int) -> str:
    """Return the beginning of a half-hour as "06:30"; the end of the day is "24:00"."""
    return f"{half_hour // 2:02d}:{half_hour % 2 * 30:02d}"


def day_mu(rates: Sequence[int]) -> int:
    """The total of the rates in a day, mU."""
    return sum(rates) // 2


def fingerprint(rates: Sequence[int]) -> int:
    """The device's fingerprint of the rates: CRC-32 over each as little-endian u32."""
    return zlib.crc32(struct.pack(f"<{len(rates)}I", *rates))


def parse_rate(text: str) -> int:
    """Return a rate in U/h as mU/h. Raises AmountError unless it is a multiple of 0.05."""
    return whole_steps(parse_milli(text, "U/h"), RATE_STEP_MU_PER_H, "U/h", "steps of 0.05 U/h")


def edited(rates: Sequence[int], changes: Iterable[str]) -> Rates:
    """Return `rates` with changes such as "06:00=0.8" and "06:00-09:30=0.8" (U/h) made. Raises AmountError.

    A change without an end holds until the next change given, or until the pattern's own next change. An end at or
    before its beginning lies on the next day.
    """
    parsed = sorted(map(_parse, changes), key=itemgetter(0))
    begins = [first for first, _, _ in parsed]
    found: list[int | None] = [None] * HALF_HOURS
    for first, after, rate_mu_per_h in parsed:
        if after is None:
            until = min(each.after for each in segments(rates) if each.after > first)
            after = min([until, *(begin for begin in begins if begin > first)])  # noqa: PLW2901 - the end is now known
        for place in range(first, after if after > first else after + HALF_HOURS):
            if found[place % HALF_HOURS] is not None:
                raise AmountError(f"{clock(place % HALF_HOURS)} is given twice")
            found[place % HALF_HOURS] = rate_mu_per_h
    return tuple(rate if new is None else new for rate, new in zip(rates, found, strict=True))


def whole(changes: Iterable[str]) -> Rates:
    """Return the whole day given as "00:00=0.2", "06:00=0.8" and so on. Raises AmountError."""
    changes = list(changes)
    parsed = sorted(map(_parse, changes), key=itemgetter(0))
    if not parsed or parsed[0][0] != 0:
        raise AmountError("a whole day begins at 00:00")
    if any(after is not None for _, after, _ in parsed):
        raise AmountError("a whole day takes beginnings only, without ends; each rate holds until the next")
    return edited([0] * HALF_HOURS, changes)


def read_file(path: Path) -> Rates:
    """Return the day in a file. Raises AmountError.

    CSV: lines "06:00,0.8" or "06:00;0,8" in U/h, the first for 00:00, with or without a heading. JSON: {"00:00": 0.2,
    "06:00": 0.8} in U/h, or what `pump pattern show --json` prints.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise AmountError(f"cannot read {str(path)!r}: {why}") from error
    if text.lstrip().startswith("{"):
        return _from_json(path, text)
    try:
        rows = [row for row in csv.reader(text.splitlines(), delimiter=";" if ";" in text else ",") if row]
    except csv.Error as error:
        raise AmountError(f"{path} is not CSV: {error}") from error
    if rows and not rows[0][0].strip()[:1].isdigit():
        rows = rows[1:]
    if any(len(row) != len(_CSV_HEAD) for row in rows):
        raise AmountError(f"{path}: each line has a time and a rate, for example 06:00,0.8")
    return whole(f"{time.strip()}={rate.strip()}" for time, rate in rows)


def as_csv(rates: Sequence[int]) -> str:
    """Return the day as CSV that read_file() reads."""
    lines = [f"{clock(each.first)},{milli_text(each.rate_mu_per_h)}" for each in segments(rates)]
    return "\n".join([",".join(_CSV_HEAD), *lines]) + "\n"


def _from_json(path: Path, text: str) -> Rates:
    try:
        pairs: list[tuple[str, Any]] = json.loads(text, parse_float=str, object_pairs_hook=list)
    except (ValueError, RecursionError) as error:  # ValueError: no JSON, or a number of thousands of digits
        raise AmountError(f"{path} is not JSON: {error}") from error
    found = dict(pairs)
    for key in found:
        if sum(key == each for each, _ in pairs) > 1:
            raise AmountError(f"{path}: {key!r} is given twice")
    rates = found.get("rates_mu_per_h")
    if rates is None:
        return whole(f"{time}={rate}" for time, rate in found.items())
    if not isinstance(rates, list) or len(rates) != HALF_HOURS or not all(type(rate) is int for rate in rates):
        raise AmountError(f"{path}: rates_mu_per_h are {HALF_HOURS} whole numbers of mU/h")
    return tuple(rates)


def _parse(change: str) -> tuple[int, int | None, int]:
    """(half-hour, half-hour of its end or None, mU/h)."""
    found = _CHANGE.fullmatch(change)
    if not found:
        raise AmountError(f"{change!r} is not a change; write for example 06:00=0.8 or 06:00-09:30=0.8")
    return _half_hour(found[1], 0), None if found[2] is None else _half_hour(found[2], 1), parse_rate(found[3])


def _half_hour(text: str, least: int) -> int:
    hours, minutes = (int(part) for part in text.split(":"))
    place = hours * 2 + (minutes == 30)
    if minutes not in (0, 30) or not least <= place <= HALF_HOURS - 1 + least:
        if text in ("0:00", "00:00") and least:
            return int(HALF_HOURS)
        raise AmountError(f"{text!r} is not a half-hour of the day; write for example 06:00 or 22:30")
    return place
