"""Orders aimed at the armed stroke of an emulated Pico: every acknowledged order is in force, and no stop is lost.

The stroke interrupt hands a stroke to the hardware a lead before the stroke starts (docs/adr/0005). Each order is sent
so that the supervisor reads the clock for it within 2 ms of that instant. Every sixth order is sent so that the instant
lies somewhere in the order's processing. The emulator takes the bytes at an exact nanosecond, and `at_us` in the reply
tells how far off the aim was. The aim uses the durations of the latest orders of the same kind; a first round serves to
learn them and is judged as well. A garbage collection makes an order late now and then. Only orders whose reply shows a
hit count; the reply to a refused order shows nothing.

The delivery of the core is checked after each reply. After a stop, the motor is watched for the time of two strokes.
"""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter, deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from firmware import protocol
from hil.bench import Bench
from hil.plant import Plant, load_mechanism
from hil.results.files import write_json
from host.api.conversation import MESSAGES
from host.api.link import decode_frame
from host.errors import HostError, Refused
from host.records import Limits

US_PER_S = 1_000_000
SPACING_US = 2 * US_PER_S
LEAD_US = 450_000
ORDERS_TOTAL = 2_000
PER_PUMP = 100
TRIALS_MAX = 4  # trials allowed for each hit; the first round comes on top
NEAR_US = 2_000
AIM_US = 1_500  # leaves room for an order that takes longer than the last of its kind
WIDE = 6  # one order in this many is aimed over its whole processing time
WORK_US = 30_000  # an order's processing time, from its clock read to its reply
TAKES_US = 16_000  # from sending to the clock read, before any has been measured
LAST = 5  # the latest orders of a kind that predict the next one
LIMITS = Limits(max_basal_mu_per_h=35_000, max_bolus_mu=40_000, max_hour_mu=60_000, max_day_mu=500_000)
BOLUS_MU = 40_000
_SETTINGS = {
    "suspend_rate_mu_per_h": 200, "auto_off_min": 0, "utc_offset_min": 0, "reservoir_low_mu": 800_000,
    "reservoir_empty_mu": 400_000, "reservoir_stop_mu": 0, "in_use_days": 45, "stroke_tone": False,
}  # fmt: skip

# Message, fields, and whether it is refused in this state (None: either). Repeated during a bolus of 40 U.
ROUND: tuple[tuple[str, dict[str, Any], bool | None], ...] = (
    ("set_basal", {"rate_mu_per_h": 7_000}, False),
    ("temp_basal", {"kind": protocol.TEMP_PERCENT, "value": 50, "duration_min": 30}, False),
    ("cancel_temp", {}, False),
    ("recommend_rate", {"rate_mu_per_h": 4_000, "valid_min": 30}, False),
    ("temp_basal", {"kind": protocol.TEMP_RATE, "value": 3_000, "duration_min": 60}, False),
    ("cancel_temp", {}, False),
    ("set_basal", {"rate_mu_per_h": 5_000}, False),
    ("bolus", {"volume_mu": 200}, True),
    ("square_bolus", {"volume_mu": 600, "duration_min": 30}, None),
    ("set_limits", asdict(LIMITS), False),
    ("cancel_bolus", {}, False),
    ("set_settings", _SETTINGS, False),
    ("dual_bolus", {"volume_mu": 200, "square_mu": 200, "duration_min": 30}, True),
    ("suspend", {}, False),
    ("cancel_temp", {}, True),
    ("select_pattern", {"pattern": 1}, False),
    ("acknowledge_alarm", {"alarm": 22}, None),
    ("stop", {}, False),
    ("set_basal", {"rate_mu_per_h": 6_000}, False),
    ("start_procedure", {"procedure": 1}, True),
    ("set_time", {"utc_s": 1_800_000_000}, False),
    ("initialise_memory", {}, True),
    ("clear_fault", {"fault": 7}, True),
)
STOPS = ("cancel_bolus", "suspend", "stop")


class Aim:
    """A pump on the emulated Pico with a bolus running, and orders aimed at its strokes."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(f"aimed {seed}")
        self.bench = Bench(Plant(load_mechanism(), seed), kind="emulated")
        self.board, self.programmer = self.bench.board, self.bench.programmer
        self.bench.check_link()
        self.programmer.set_limits(LIMITS)
        self.programmer.set_basal(6_000)
        self.took_us: dict[str, deque[int]] = {}  # from sending to the clock read, by message
        self.more_us: deque[int] = deque([0], maxlen=LAST)  # by how much the latest ones took longer than predicted
        self.device_us = self._ahead()  # device time minus emulated time
        self.orders = 0
        self.off_us: list[int] = []
        self.wrong: list[dict[str, Any]] = []
        self.refused: Counter[str] = Counter()

    def _ahead(self) -> int:
        """Return how far device time is ahead of bench time. The first stroke of a bolus gives both."""
        accepted = self.programmer.bolus(BOLUS_MU)
        self.bench.run_for(seconds=1.5)
        return int(accepted.at_us) - int(self.bench.stroke_starts_us[-1]) + LEAD_US

    @property
    def near(self) -> int:
        """Number of orders whose clock read was within 2 ms of the armed stroke."""
        return sum(abs(each) <= NEAR_US for each in self.off_us)

    def _takes_us(self, name: str) -> int:
        """Predict the time from sending an order to its clock read from its own kind; for a new kind, from all."""
        known = self.took_us.get(name) or [each for kind in self.took_us.values() for each in kind] or [TAKES_US]
        return round(statistics.median(known))

    def one(self, name: str, fields: dict[str, Any], refused: bool | None) -> None:
        """Aim one order and judge it."""
        self.orders += 1
        bench = self.bench
        while not bench.stroke_starts_us or bench.now_us - bench.stroke_starts_us[-1] > SPACING_US:
            bench.run_for(seconds=0.5)
        armed_us = bench.stroke_starts_us[-1] + SPACING_US - LEAD_US
        wanted_us = self.draw.uniform(-AIM_US if self.orders % WIDE else -WORK_US, AIM_US)
        takes_us = self._takes_us(name)
        send_us = armed_us + round(wanted_us) - takes_us - round(statistics.median(self.more_us))
        while send_us <= bench.now_us + 60_000:
            send_us, armed_us = send_us + SPACING_US, armed_us + SPACING_US
        before = len(bench.stroke_starts_us)
        said, reply = "accepted", {}
        try:
            reply = self._send(name, fields, send_us)
        except Refused as error:
            said = str(error.code)
        except HostError as error:
            said = f"{type(error).__name__}: {error}"
        if reply:
            at_us = int(reply["at_us"]) - self.device_us
            self.more_us.append(at_us - send_us - takes_us)
            self.took_us.setdefault(name, deque(maxlen=LAST)).append(at_us - send_us)
            if self.orders > len(ROUND):
                self.off_us.append(at_us - armed_us)
        self.refused[said] += said != "accepted"
        found = [] if refused in (None, said != "accepted") else [f"said {said}"]
        found += [f"said {said}"] if said == "internal_error" or ":" in said else []
        found += self._not_in_force(name, fields, said)
        if found:
            self.wrong.append({"order": name, "after_us": round(wanted_us), "strokes": before, "wrong": found})
        self._again(name)

    def _send(self, name: str, fields: dict[str, Any], send_us: int) -> dict[str, Any]:
        """Send the order so that its first byte is on the line at `send_us`."""
        transport = self.programmer.link._transport
        message = MESSAGES[name].id
        board = self.board

        class At:
            """Holds the order back until its time. Requests that the programmer sends before it pass at once."""

            def write(self, data: bytes) -> None:
                if message in _ids(data):
                    board.run_until_us(max(send_us, board.now_us))
                board.write(data)

            def read(self, timeout_s: float) -> bytes:
                return bytes(board.read(timeout_s))

        self.programmer.link._transport = At()
        try:
            return dict(self.programmer.call(name, **fields))
        finally:
            self.programmer.link._transport = transport

    def _not_in_force(self, name: str, fields: dict[str, Any], said: str) -> list[str]:
        """Return how the pump's state differs from its reply."""
        status = self.programmer.status()
        wrong = []

        def need(what: str, value: Any, wanted: Any) -> None:
            if value != wanted:
                wrong.append(f"{what} is {value}, not {wanted}")

        if said != "accepted":
            need("state", status.state, "running")
            return wrong
        if name in ("set_basal", "recommend_rate"):
            need("rate in force", status.in_force_mu_per_h, fields["rate_mu_per_h"])
        elif name == "temp_basal" and fields["kind"] == protocol.TEMP_RATE:
            need("rate in force", status.in_force_mu_per_h, fields["value"])
        elif name == "temp_basal":
            need("rate in force", status.in_force_mu_per_h, status.basal_rate_mu_per_h * fields["value"] // 100)
        elif name == "select_pattern":
            need("pattern", status.pattern, protocol.PATTERNS[fields["pattern"]])
            need("rate in force", status.in_force_mu_per_h, status.basal_rate_mu_per_h)
        elif name in ("cancel_temp", "set_settings", "set_limits", "set_time"):
            need("state", status.state, "running")
        if name in STOPS:
            need("bolus to come", status.bolus_remaining_mu + status.square_remaining_mu, 0)
            need("state", status.state, {"stop": "stopped", "suspend": "suspended"}.get(name, "running"))
            made = len(self.bench.stroke_starts_us)
            self.bench.run_for(seconds=5)
            # One stroke was in the hardware. Basal of 6 U/h makes none so soon, but strokes that waited behind the
            # bolus may come after a cancel.
            more = len(self.bench.stroke_starts_us) - made
            if more > (2 if name == "cancel_bolus" else 1):
                wrong.append(f"{more} strokes after the answer")
        return wrong

    def _again(self, name: str) -> None:
        """Return to a running bolus."""
        status = self.programmer.status()
        if status.state in ("suspended", "stopped"):
            self.programmer.resume()
            status = self.programmer.status()
        if status.bolus_remaining_mu < 4_000:
            if status.bolus_remaining_mu:
                self.bench.run_for(seconds=2.5 * status.bolus_remaining_mu / 200)
            try:
                self.programmer.bolus(BOLUS_MU)
            except Refused:  # the hourly cap: wait it out
                self.bench.run_for(hours=1.1)
                self.programmer.bolus(BOLUS_MU)
            self.bench.run_for(seconds=1.2)

    def kill(self) -> None:
        """End the emulation."""
        self.board.kill()


def _ids(data: bytes) -> list[int]:
    frames = [decode_frame(each) for each in data.split(b"\0") if each]
    return [frame[1] for frame in frames if frame is not None]


def aim_some(seed: int, near: int) -> dict[str, Any]:
    """Send orders to one pump until `near` of them hit within 2 ms of the armed stroke, or until the trials run out."""
    wall_s = time.monotonic()
    aim = Aim(seed)
    try:
        # Start anywhere in the round, but not at an order that needs the one before it.
        start = aim.draw.choice([at for at, each in enumerate(ROUND) if each[0] != "cancel_temp"])
        while aim.near < near and aim.orders < len(ROUND) + TRIALS_MAX * near:
            aim.one(*ROUND[(start + aim.orders) % len(ROUND)])
        info, image = aim.board.info(), aim.programmer.hello().image
        flagged = aim.board.flagged()
    finally:
        aim.kill()
    return {
        "seed": seed, "image": image, "orders": aim.orders, "near": aim.near, "wrong": aim.wrong,
        "resets": len(info["resets"]) - 1, "flagged": flagged, "off_us": aim.off_us, "refused": dict(aim.refused),
        "wall_s": round(time.monotonic() - wall_s, 1),
    }  # fmt: skip


def measure(near: int = ORDERS_TOTAL, *, seed: int = 1, workers: int = 1) -> dict[str, Any]:
    """Collect `near` orders within 2 ms of the armed stroke, PER_PUMP on each pump, and the orders sent to get them."""
    counts = [min(PER_PUMP, near - done) for done in range(0, near, PER_PUMP)]
    seeds = range(seed, seed + len(counts))
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            results = list(pool.map(aim_some, seeds, counts))
    else:
        results = list(map(aim_some, seeds, counts))
    off_us = [each for result in results for each in result["off_us"]]
    return {
        "emulated": True,
        "image": results[0]["image"],
        "orders": sum(each["orders"] for each in results),
        "accepted": len(off_us),
        "within_2_ms": sum(each["near"] for each in results),
        "amid_the_work": sum(-WORK_US <= each < 0 for each in off_us),
        "resets": sum(each["resets"] for each in results),
        "wrong": [wrong | {"seed": each["seed"]} for each in results for wrong in each["wrong"]],
        "refused": dict(sum((Counter(each["refused"]) for each in results), Counter())),
        "flagged": [flag for each in results for flag in each["flagged"]],
        "pumps": [{name: each[name] for name in ("seed", "orders", "near", "wall_s")} for each in results],
    }


def report(figures: dict[str, Any], out: Path) -> str:
    """Write the figures to `out`; return them as text."""
    write_json(out, figures)
    orders, near, amid = figures["orders"], figures["within_2_ms"], figures["amid_the_work"]
    lines = [
        f"{orders} orders, {figures['accepted']} accepted; {near} of these took effect within 2 ms "
        f"of the armed stroke, {amid} up to {WORK_US // 1000} ms before it; "
        f"{len(figures['wrong'])} wrong, {figures['resets']} resets."
    ]
    lines += [f"WRONG {each}" for each in figures["wrong"]]
    return "\n".join(lines)
