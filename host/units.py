"""Numbers for people: exact decimal conversion of doses and rates, and formatting of quantities.

A dose never passes through a float: text becomes `Decimal`, `Decimal` becomes a whole number of mU, or an error.
Python's own conversions also take exponents, underscores and the digits of other scripts, so none reads what a person
has typed.

Implements: HOST-4
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from firmware.protocol import UTC_MAX_S, UTC_MIN_S
from host.text import Text

_FINEST = Decimal("0.000000001")  # more decimals than this are a mistake; the limit keeps the arithmetic exact
_DIGITS_MAX = 10
_NUMBER = re.compile(r"[0-9]+([.,][0-9]+)?|[.,][0-9]+")
_WHOLE = re.compile(r"[0-9]{1,10}")  # the link's numbers have no more
_CLOCK = re.compile(r"([0-9]{1,4}):([0-5][0-9])")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?")
_DURATION = re.compile(r"(?:([0-9]{1,4}(?:[.,][0-9]{1,3})?)\s*h)?\s*(?:([0-9]{1,5})\s*(?:m|min)?)?")


class AmountError(ValueError):
    """A text that is not a usable amount; the message is for the person who typed it."""


def parse_milli(text: str, unit: str) -> Decimal:
    """Return the amount `text` ("1.25" or "1,25", in `unit`) times 1000, exact. Raises AmountError."""
    value = _decimal(text.strip())
    if value is None:
        how = "{!r} is not a number of {}; write digits and one decimal point or comma, for example 1.25"
        raise AmountError(Text(how, text, unit))
    if value.adjusted() >= _DIGITS_MAX or value % _FINEST:
        raise AmountError(Text("{!r} is not a sensible amount in {}", text, unit))
    return value * 1000


def _decimal(text: str) -> Decimal | None:
    return Decimal(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def parse_whole(text: str, unit: str = "", low: int = 0, high: int | None = None) -> int:
    """Return the whole number `text`, within `low` and `high`. Raises AmountError."""
    if not _WHOLE.fullmatch(text.strip()):
        raise AmountError(
            Text("{!r} is not a whole number of {}", text, unit) if unit else Text("{!r} is not a whole number", text)
        )
    value = int(text)
    if value < low or (high is not None and value > high):
        raise AmountError(Text("{!r} is not within {} to {} {}", text, low, high, unit))
    return value


def parse_seconds(text: str, low: Decimal, high: Decimal) -> float:
    """Return the time `text` in seconds, within `low` and `high`. Raises AmountError."""
    value = parse_milli(text, "s") / 1000
    if not low <= value <= high:
        raise AmountError(Text("{!r} is not within {} to {} {}", text, low, high, "s"))
    return float(value)


def whole_steps(milli: Decimal, step: int, unit: str, what: str, low: int = 0, high: int | None = None) -> int:
    """Return `milli` as a whole number of `step`s (both in thousandths of `unit`).

    Otherwise raises AmountError, which names the nearest allowed values within `low` and `high`. `what` completes the
    sentence "is not a whole number of ...".
    """
    below = int(milli // step) * step
    if below == milli and milli < low:
        raise AmountError(f"{plain(milli)} {unit} is less than the least allowed, {milli_text(low)} {unit}")
    if below == milli:
        return below
    nearest = [value for value in (below, below + step) if value >= low and (high is None or value <= high)]
    text = f"{plain(milli)} {unit} is not a whole number of {what}"
    if nearest:
        text += "; allowed nearest: " + " or ".join(f"{milli_text(value)} {unit}" for value in nearest)
    raise AmountError(text)


def plain(milli: Decimal) -> str:
    """Return thousandths as a number without exponent or trailing zeros."""
    text = f"{milli / 1000:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def milli_text(milli: int) -> str:
    """Return whole thousandths with two decimals, or three where needed: 1250 is "1.25", 12 is "0.012"."""
    sign = "-" if milli < 0 else ""
    whole, rest = divmod(abs(milli), 1000)
    text = f"{sign}{whole}.{rest:03d}"
    return text[:-1] if text.endswith("0") else text


def amount(value: int, unit: str) -> str:
    """Return `value` with its unit; insulin in the units that people use: 1250 mU/h is "1.25 U/h"."""
    if unit in ("mU", "mU/h"):
        return f"{milli_text(value)} {unit[1:]}"
    return f"{value} {unit}"


def uptime(time_us: int) -> str:
    """Return a device time as "1 d 02:03:04.567" since the device's clock started."""
    days, rest = divmod(time_us // 1000, 86_400_000)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    seconds, millis = divmod(rest, 1000)
    clock = f"{hours:02d}:{minutes:02d}:{seconds:02d}.{millis:03d}"
    return f"{days} d {clock}" if days else clock


def local(time_s: int, offset_min: int) -> str:
    """Return seconds since 1970 as "2026-01-01 01:00:00 UTC+01:00", by a clock `offset_min` ahead of UTC."""
    return datetime.fromtimestamp(time_s, timezone(timedelta(minutes=offset_min))).strftime("%Y-%m-%d %H:%M:%S %Z")


def utc(time_s: int) -> str:
    """Return seconds since 1970 as "2026-01-01 00:00:00 UTC"."""
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def parse_time(text: str, offset_min: int = 0) -> int:
    """Return the date and time `text` as seconds since 1970. Without a zone it is the pump's local time, which is
    `offset_min` ahead of UTC. Raises AmountError, also for a year that a pump's clock cannot show.
    """
    if not _TIME.fullmatch(text):
        raise AmountError(f"{text!r} is not a time; write for example 2026-01-31T08:00 or 2026-01-31T08:00+01:00")
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise AmountError(f"{text!r} is not a time that exists") from None
    zone = timezone(timedelta(minutes=offset_min))
    utc_s = round((when if when.tzinfo else when.replace(tzinfo=zone)).timestamp())
    if not UTC_MIN_S <= utc_s <= UTC_MAX_S:
        raise AmountError(f"{text!r} is outside what a pump's clock shows, {utc(UTC_MIN_S)} to {utc(UTC_MAX_S)}")
    return utc_s


def parse_minutes(text: str) -> int:
    """Return the duration `text` ("90min", "2h", "1h30", "1.5h", "1,5h", "1:30") in whole minutes. Raises
    AmountError.
    """
    plain_text = text.strip().lower()
    if clock := _CLOCK.fullmatch(plain_text):
        return int(clock[1]) * 60 + int(clock[2])
    found = _DURATION.fullmatch(plain_text)
    if not found or not any(found.groups()) or plain_text.isdigit():
        raise AmountError(Text("{!r} is not a duration; write for example 90min, 2h or 1h30", text))
    minutes = (_decimal(found[1] or "0") or 0) * 60 + int(found[2] or 0)
    if minutes != int(minutes):
        raise AmountError(Text("{!r} is not a whole number of minutes", text))
    return int(minutes)


def duration(minutes: int) -> str:
    """Return a duration in minutes as "1 h 30 min"."""
    hours, rest = divmod(minutes, 60)
    return " ".join(
        part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if part
    )


def span(time_us: int, language: str = "en") -> str:
    """Return a duration in µs, rounded for people: "3 d 4 h" (in French "3 j 4 h"), "1 h 30 min", "4 min", "12 s"."""
    seconds = max(0, time_us) // 1_000_000
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 2 * 86_400:
        return duration(seconds // 60)
    return f"{seconds // 86_400} {'j' if language == 'fr' else 'd'} {seconds % 86_400 // 3600} h"


def millilitres(volume_nl: int) -> str:
    """Return nL as "13.00 mL"."""
    return f"{milli_text(round(volume_nl / 1000))} mL"
