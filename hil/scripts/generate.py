"""Writes random therapy scripts, each from its seed, while a pump plays along. The next order may depend on the pump's
state, orders are aimed at the microsecond of a stroke or of an end, and procedures are walked step by step.

The script itself holds only absolute times and values, so it can be played without its writer. The same seed gives the
same script as long as the pump gives the same answers.

Implements: HIL-5
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

from firmware import protocol
from firmware.protocol.all_procedures import BY_NUMBER
from hil.scripts.mishaps import Mishaps
from hil.scripts.script import Script
from hil.scripts.writer import ANYTHING, CONCENTRATIONS, QUANTA_NL, Wish

__all__ = ["ANYTHING", "CONCENTRATIONS", "QUANTA_NL", "Wish", "generate"]


def generate(seed: int, wish: Wish = ANYTHING) -> Script:
    """Return the script of this seed. Raises DeviceLost if the board ends by itself while the script is written."""
    return Therapy(seed, wish).write()


class Therapy(Mishaps):
    """Acts of a patient, and now and then a mishap."""

    def acts(self) -> dict[str, tuple[int, Callable[[], object]]]:
        """As Writer.acts."""
        acts: dict[str, tuple[int, Callable[[], object]]] = {
            "basal": (8, self.basal), "temp": (10, self.temp), "cancel_temp": (4, self.cancel_temp),
            "bolus": (14, self.bolus), "square": (8, self.square), "dual": (6, self.dual),
            "cancel_bolus": (7, self.cancel_bolus), "suspend": (6, self.suspend), "stop": (4, self.stop),
            "resume": (9, self.resume), "recommend": (6, self.recommend), "limits": (5, self.limits),
            "settings": (4, self.settings), "refill": (4, self.refill), "acknowledge": (5, self.acknowledge),
            "look": (8, self.look), "question": (6, self.question), "again": (3, self.again),
            "odd": (6, self.odd), "late": (2, self.late), "set_time": (2, self.set_time),
        }  # fmt: skip
        if self.patterns:
            acts |= {"pattern": (6, self.pattern), "select": (6, self.select)}
        if self.procedures:
            acts["procedure"] = (8, self.procedure)
        if self.cuts:
            acts["cut"] = (8, self.cut)
        if self.wish.clock is False:
            del acts["set_time"]
        elif self.clock:
            acts |= {"set_time": (8, self.set_time), "fault": (5, self.clock_fault)}
        return acts

    def begin(self) -> None:
        draw = self.random
        if draw.random() < 0.8:
            self.put("set_basal", rate_mu_per_h=self._rate())
        if draw.random() < 0.6:
            self._refill(draw.choice((15, 10, 5, 3, 1)) * 1_000_000)
        if self.patterns:
            self.pattern()
            self.select()

    def basal(self) -> None:
        self.put("set_basal", rate_mu_per_h=self._rate())

    def temp(self) -> None:
        draw = self.random
        kind = draw.randint(0, 1)
        value = draw.choice((0, 10, 50, 90, 100, 110, 150, 200, draw.randint(0, 200))) if kind else self._rate()
        self.put(
            "temp_basal", kind=kind, value=value, duration_min=draw.choice((30, 31, 45, 90, draw.randint(30, 1440)))
        )

    def cancel_temp(self) -> None:
        if self.random.random() < 0.6:
            self.temp()
            self.wait(0, self.random.choice((3, 7200)))
        self.put("cancel_temp")

    def bolus(self) -> None:
        self.put("bolus", volume_mu=self._dose_mu())

    def square(self) -> None:
        minutes = self.random.choice((30, 30, 60, 480, self.random.randint(30, 480)))
        self.put("square_bolus", volume_mu=self._dose_mu(), duration_min=minutes)

    def dual(self) -> None:
        minutes = self.random.choice((30, 30, 60, self.random.randint(30, 480)))
        self.put("dual_bolus", volume_mu=self._dose_mu(), square_mu=self._dose_mu(), duration_min=minutes)

    def cancel_bolus(self) -> None:
        if self.random.random() < 0.7:
            self.random.choice((self.bolus, self.square, self.dual))()
            if self.random.random() < 0.4:
                self._aim()
            else:
                self.wait(0, self.random.choice((3, 60, 1800)))
        self.put("cancel_bolus")

    def suspend(self) -> None:
        self.put("suspend")
        self._go_on()

    def stop(self) -> None:
        self.put("stop")
        self._go_on()

    def _go_on(self) -> None:
        """Resume after a while in most cases, so that the rest of the script is not without delivery."""
        if self.random.random() < 0.7:
            if self.random.random() < 0.3:
                self._aim()
            else:
                self.wait(0, self.random.choice((3, 300, 7200)))
            self.put("resume")

    def resume(self) -> None:
        self.put("resume")

    def recommend(self) -> None:
        for _ in range(self.random.choice((1, 1, 3))):
            self.put("recommend_rate", rate_mu_per_h=self._rate(), valid_min=self.random.choice((1, 5, 30, 60)))
            self.wait(1, 400)

    def limits(self) -> None:
        draw = self.random
        self.put(
            "set_limits",
            max_basal_mu_per_h=draw.choice((35000, 35000, draw.randint(0, 700) * 50, self.rate)),
            max_bolus_mu=draw.choice((40000, 40000, draw.randint(0, 40) * 1000)),
            max_hour_mu=draw.choice((60000, 60000, draw.randint(0, 60) * 1000)),
            max_day_mu=draw.choice((500000, 150000, draw.randint(0, 500) * 1000)),
        )

    def settings(self) -> None:
        draw = self.random
        levels = draw.choice(
            ((200_000, 400_000, 800_000), (0, 0, 0), (50_000, 100_000, 150_000), (20_000, 20_000, 20_000))
        )
        stop_mu, empty_mu, low_mu = levels
        self.put(
            "set_settings",
            suspend_rate_mu_per_h=draw.choice((0, 200, 200, draw.randint(0, 20) * 50)),
            auto_off_min=self._auto_off_min(),
            utc_offset_min=draw.choice((0, 60, 120, -300, draw.randint(-48, 56) * 15)),
            reservoir_low_mu=low_mu,
            reservoir_empty_mu=empty_mu,
            reservoir_stop_mu=stop_mu,
            in_use_days=draw.choice((1, 2, 45, 90)),
            stroke_tone=draw.random() < 0.2,
        )

    def _auto_off_min(self) -> int:
        minutes = self.random.choice((0, 0, 60, 240, self.random.randint(1, 600)))
        return minutes if self.wish.auto_off else 0

    def refill(self) -> None:
        self._refill(self.random.choice((15_000_000, 10_000_000, self.random.randint(200_000, 5_000_000))))

    def _refill(self, net_nl: int) -> None:
        back_nl = self.random.choice((0, 500_000, 2_000_000))
        put_mg = (net_nl + back_nl) * 1005 // 1_000_000
        drawn_mg = self.random.choice((1, self.random.randint(1, 3000)))
        self.put(
            "record_refill",
            put_before_mg=20_000 + put_mg,
            put_after_mg=20_000,
            taken_back_nl=back_nl,
            drawn_before_mg=9_000,
            drawn_after_mg=9_000 + drawn_mg,
        )

    def acknowledge(self) -> None:
        latched = self.player.ask(self._moment(), "read_alarms", first=0).get("records", ())
        numbers = [each["alarm"] for each in latched]
        for _ in range(self.random.choice((1, len(numbers) or 1))):
            number = self.random.choice(numbers or [self.random.randint(1, 40)])
            self.put("acknowledge_alarm", alarm=number)

    def question(self) -> None:
        draw = self.random
        self.put(
            *draw.choice(
                (("status",), ("read_time",), ("read_procedure",), ("self_test",), ("read_energy",), ("read_settings",))
            )
        ) if draw.random() < 0.8 else self.put(
            "telemetry", interval_s=draw.choice((0, 1, 7)), for_s=draw.choice((10, 3600))
        )

    def pattern(self) -> None:
        draw = self.random
        pattern = draw.randint(0, 3)
        rates = [
            min(35_000, draw.choice((1, 1, 2, 4)) * self._rate() // 4 // 50 * 50) for _ in range(draw.choice((1, 2, 4)))
        ]
        day = [rates[place * len(rates) // 48] for place in range(48)]
        if draw.random() < 0.3:
            day = [self._rate() for _ in range(48)]
        self.put("stage_pattern", pattern=pattern, rates=[{"rate_mu_per_h": rate} for rate in day])
        print_ = zlib.crc32(struct.pack("<48I", *day))
        if draw.random() < 0.9:
            self.wait(0, 60)
            self.put("commit_pattern", pattern=pattern, fingerprint=print_)

    def select(self) -> None:
        self.put("select_pattern", pattern=self.random.randint(0, 3))

    # Procedures

    def procedure(self) -> None:
        """Run one procedure, usually after a stop. It is answered, interrupted or left open at random."""
        draw = self.random
        if draw.random() < 0.9:
            self.put("stop")
        self.put("start_procedure", procedure=draw.choice((1, 1, 2, 3, 4, 5)))
        for _ in range(draw.randint(1, 30)):
            self.wait(0, draw.choice((2, 60, 1200)))
            if draw.random() < 0.1:
                self._aim()
            if not self._answer() or len(self.steps) > 3 * self.count:
                break
            if self.cuts and draw.random() < 0.1:
                self.cut()
            if draw.random() < 0.05:
                self.odd()
        if draw.random() < 0.8:
            self.wait(0, 600)
            self.put("resume")

    def _answer(self) -> bool:
        """Answer the waiting step. Return False if no procedure is under way."""
        draw = self.random
        report = self.player.ask(self._moment(), "read_procedure")
        if not report or report["procedure"] == "none":
            return False
        table = BY_NUMBER[protocol.PROCEDURES.index(report["procedure"])]
        place = report["step"]
        step = table.steps[place]
        if draw.random() < 0.05:
            self.put("interrupt_procedure", step=place)
            return True
        value = 0
        if step.takes is not None:
            low, high = step.takes.low, step.takes.high
            likely = {"put_in_nl": 12_000_000, "filled_nl": 5_000_000, "taken_back_nl": 2_000_000, "strokes": 10}
            value = min(high, max(low, likely.get(step.takes.name, 1_000_000)))
            value = draw.choice((value, value, value, low, high, draw.randint(low, high), high + 1))
        self.put("answer_procedure", step=place, choice=draw.randrange(len(step.choices)), value=value)
        return True
