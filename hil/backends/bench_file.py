"""A bench described by one file: board, ports, wiring, instruments, calibration (HIL-1).

Files are TOML. Those of hil/benches are known by their names, others by their paths. An error about a missing, unknown
or out-of-range value names the file and the key, and says what would be right.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.errors import BenchError

FOLDER = Path(__file__).parents[1] / "benches"
KINDS = ("virtual", "emulated", "emulated-stm32", "desk")
EMULATED = "emulated"
# Pins of the pump, and the pins of the bench I/O board that they are wired to.
WIRES = {
    "STEP": "STEP",
    "DIR": "DIR",
    "MOTOR_ENABLE": "MOTOR_ENABLE",
    "STROKE_SENSOR": "STROKE_SENSOR",
    "PRESSURE": "VOUTA",
    "VSYS": "POWER",
}
INSTRUMENTS = ("edge_capture", "stroke_sensor", "pressure_source", "power_switch")
# Lowest and highest value of each figure.
_CALIBRATION: dict[str, tuple[float, float]] = {
    "pump_start_us": (-1_000_000, 10_000_000),
    "pump_rate_ppb": (-1_000_000, 1_000_000),
    "start_tolerance_us": (0, 10_000_000),
    "sensor_delay_us": (0, 1_048_575),
    "pressure_gain": (0.1, 10),
    "pressure_offset_counts": (-4095, 4095),
}


class BenchFileError(BenchError):
    """A bench file with an invalid value. Nothing has been started."""


@dataclass(frozen=True)
class Calibration:
    """Calibration figures of a desk, and when they were measured."""

    date: str
    pump_start_us: int
    pump_rate_ppb: int
    start_tolerance_us: int
    sensor_delay_us: int
    pressure_gain: float
    pressure_offset_counts: float

    def dac_counts(self, adc_counts: float) -> int:
        """Return the DAC counts for which the pump's ADC reads `adc_counts`, as near as the DAC's range allows."""
        return min(max(round((adc_counts - self.pressure_offset_counts) / self.pressure_gain), 0), 4095)


@dataclass(frozen=True)
class BenchFile:
    """A bench. Only a desk has ports and calibration."""

    name: str
    kind: str
    board: str
    pump_port: str = ""
    bench_io_port: str = ""
    calibration: Calibration | None = None

    @property
    def emulated_desk(self) -> bool:
        """True if both boards of the desk are emulated."""
        return self.pump_port == EMULATED


def bench_names() -> list[str]:
    """Return the names of the benches that come with the project."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_bench(name: str | Path) -> BenchFile:
    """Return the bench of this name or at this path. Raises BenchFileError."""
    path = Path(name)
    if path.suffix != ".toml":
        path = FOLDER / f"{name}.toml"
        if not path.is_file():
            raise BenchFileError(f"no bench {str(name)!r}; there are {', '.join(bench_names())}, or a path to a .toml")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchFileError(f"bench file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BenchFileError(f"bench file {path} is not TOML: {error}") from error
    return _Reader(path).bench(data)


class _Reader:
    """Reads one file. Every error names the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def bench(self, data: dict[str, Any]) -> BenchFile:
        kind = self._text(data, "", "kind", KINDS)
        board = self._text(data, "", "board")
        if kind != "desk":
            self._only(data, "", ("kind", "board"))
            return BenchFile(self._path.stem, kind, board)
        self._only(data, "", ("kind", "board", "ports", "wiring", "instruments", "calibration"))
        ports = self._table(data, "ports", ("pump", "bench_io"))
        pump, bench_io = (self._text(ports, "ports.", name) for name in ("pump", "bench_io"))
        if (pump == EMULATED) != (bench_io == EMULATED):
            raise self._wrong("ports", f"both or neither of pump and bench_io can be {EMULATED!r}")
        wiring = self._table(data, "wiring", tuple(WIRES))
        for pin, end in WIRES.items():
            self._text(wiring, "wiring.", pin, (end,))
        instruments = self._table(data, "instruments", INSTRUMENTS)
        for name in INSTRUMENTS:
            self._text(instruments, "instruments.", name, ("bench_io",))
        table = self._table(data, "calibration", ("date", *_CALIBRATION))
        figures = {name: self._figure(table, name, *limits) for name, limits in _CALIBRATION.items()}
        calibration = Calibration(date=self._text(table, "calibration.", "date"), **figures)
        return BenchFile(self._path.stem, kind, board, pump, bench_io, calibration)

    def _wrong(self, key: str, why: str) -> BenchFileError:
        return BenchFileError(f"bench file {self._path}: {key}: {why}")

    def _only(self, table: dict[str, Any], prefix: str, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                raise self._wrong(prefix + key, f"unknown; there are {', '.join(known)}")

    def _table(self, data: dict[str, Any], name: str, known: tuple[str, ...]) -> dict[str, Any]:
        table = data.get(name)
        if not isinstance(table, dict):
            raise self._wrong(f"[{name}]", "a desk needs this table")
        self._only(table, f"{name}.", known)
        return table

    def _text(self, table: dict[str, Any], prefix: str, key: str, allowed: tuple[str, ...] = ()) -> str:
        value = table.get(key)
        if not isinstance(value, str) or not value:
            raise self._wrong(prefix + key, "a text is missing" if value is None else f"{value!r} is not a text")
        if allowed and value not in allowed:
            raise self._wrong(prefix + key, f"{value!r}; possible: {', '.join(allowed)}")
        return value

    def _figure(self, table: dict[str, Any], key: str, low: float, high: float) -> Any:
        value = table.get(key)
        whole = isinstance(low, int) and isinstance(high, int) and not key.endswith("_counts")
        kinds = int if whole else (int, float)
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise self._wrong(f"calibration.{key}", f"{value!r} is not a {'whole ' if whole else ''}number")
        if not low <= value <= high:
            raise self._wrong(f"calibration.{key}", f"{value} is not within {low:g} … {high:g}")
        return value
