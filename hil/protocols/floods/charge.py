"""What a day's flood of forged openings takes from the battery (SEC-4): shares measured on the emulated Pico, charge
computed with the currents of boards/*/current.toml, which nobody has measured.

Without presence the pump looks at ten wrong openings and then at one each 6 s: what such a look costs is the difference
between a flood with presence, of which all are looked at, and one without. The low-power board is reckoned with the
Pico's awake time, which its processor would not need.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hil.bench import Bench
from hil.plant import Plant, load_mechanism
from hil.protocols.floods.attacks import FORGED, listen
from hil.protocols.floods.drive import flood
from hil.protocols.floods.requests import Sender

US_PER_S = 1_000_000
DAY_S = 86_400
CAPACITY_MAH = 2_000  # the cell of PWR-1
BUCKET, REFILL_S = 10, 6  # wrong openings that are looked at, and one more each 6 s (c_ext/session/quota.h)
BOARDS = ("RPI_PICO", "STM32L4")
_SETTLE_S = 2  # after which the bucket is empty
_ROOT = Path(__file__).resolve().parents[3]


def awake(seconds: float, *, flooded: bool, presence: bool = False) -> dict[str, float]:
    """Return the share of time awake of an emulated Pico that doses 1 U/h, and how many openings came in a second and
    were refused.
    """
    with Bench(Plant(load_mechanism(), 1), kind="emulated") as bench:
        board, programmer = bench.board, bench.programmer
        sender = Sender(FORGED, programmer, 0, 0, listen(programmer))
        programmer.set_basal(1_000)

        def run(seconds: float) -> None:
            end_us = bench.now_us + round(seconds * US_PER_S)
            while bench.now_us < end_us:
                if flooded:
                    flood(bench, sender)
                else:
                    bench.run_for(seconds=0.5)
                board.take_received()

        board.presence = presence
        run(_SETTLE_S)
        before, sent, from_us = board.info(), sender.sent, bench.now_us
        refused = programmer.status().openings_refused
        run(seconds)
        after, lived_s = board.info(), (bench.now_us - from_us) / US_PER_S
        board.presence = False
        bench.run_for(seconds=2)
        refused = programmer.status().openings_refused - refused
        slept = (after["sleep"] - before["sleep"]) / (after["now"] - before["now"])
    return {"awake": 1 - slept, "refused_per_s": refused / lived_s, "sent_per_s": (sender.sent - sent) / lived_s}


def currents(board: str) -> tuple[float, float]:
    """Return what a board draws awake, and asleep with its link in use (mA)."""
    path = _ROOT / "boards" / board / "current.toml"
    ua = tomllib.loads(path.read_text(encoding="utf-8"))["current_ua"]
    return ua["run"] / 1000, ua["sleep"] / 1000


def measure(seconds: float = 20) -> dict[str, Any]:
    """Measure the line silent, flooded, and flooded with presence; compute a day."""
    silent = awake(seconds, flooded=False)
    flooded = awake(seconds, flooded=True)
    looked = awake(seconds, flooded=True, presence=True)
    each_ms = [1000 * (one["awake"] - silent["awake"]) / one["refused_per_s"] for one in (flooded, looked)]
    look_ms = each_ms[1] - each_ms[0]
    looks = BUCKET + DAY_S // REFILL_S
    awake_s = (flooded["awake"] - silent["awake"]) * DAY_S
    return {
        "emulated": True,
        "seconds": seconds,
        "silent": silent,
        "flooded": flooded,
        "flooded_with_presence": looked,
        "ms_unlooked": round(each_ms[0], 2),
        "ms_looked_at": round(each_ms[1], 2),
        "looks_a_day": looks,
        "awake_percent": round(100 * flooded["awake"], 1),
        "awake_percent_with_presence": round(100 * looked["awake"], 1),
        "looks_awake_s_a_day": round(looks * look_ms / 1000),
        "boards": {board: _day(board, awake_s, looks * look_ms / 1000) for board in BOARDS},
    }


def _day(board: str, awake_s: float, looks_s: float) -> dict[str, float]:
    """Charge of a day (mAh): of the looks alone; of all the time awake and, with a link that must be awake to hear, of
    the receiver.
    """
    run_ma, sleep_ma = currents(board)
    receiver_mah = 0.0 if board == "RPI_PICO" else sleep_ma * DAY_S / 3600  # the Pico's clocks are on anyway
    looks_mah = looks_s * (run_ma - sleep_ma) / 3600
    flood_mah = awake_s * (run_ma - sleep_ma) / 3600 + receiver_mah
    return {
        "looks_mah": round(looks_mah, 2),
        "looks_percent": round(100 * looks_mah / CAPACITY_MAH, 3),
        "flood_mah": round(flood_mah, 1),
        "flood_percent": round(100 * flood_mah / CAPACITY_MAH, 1),
        "receiver_mah": round(receiver_mah, 1),
    }
