"""Therapy, alarms and telemetry on the bench: what the link orders is what the motor does, stroke by stroke."""

from __future__ import annotations

import pytest

from firmware.protocol.alarms import BY_NAME
from hil.bench import Bench
from host.errors import Refused
from tests.suite.exact import assert_exact

MINUTE_US = 60_000_000


@pytest.mark.req("THER-2", "DOSE-1", "DOSE-3")
def test_square_dual_and_temporary_basal_stroke_by_stroke(bench: Bench) -> None:
    programmer = bench.programmer
    programmer.set_basal(3_000)
    programmer.square_bolus(2_000, 30)
    bench.run_for(minutes=5)
    programmer.temp_basal("percent", 150, 30)
    programmer.bolus(1_000)
    bench.run_for(minutes=28)
    programmer.dual_bolus(1_000, 1_000, 30)
    bench.run_for(minutes=10)
    programmer.cancel_bolus()
    programmer.recommend_rate(6_000, 5)
    bench.run_for(minutes=12)
    assert_exact(bench)
    status = programmer.status()
    assert status.strokes_delivered == len(bench.stroke_starts_us)


def alarms(bench: Bench) -> set[int]:
    """What is latched, but for the lost clock: a Pico's, just powered, has no time yet."""
    return {each.alarm for each in bench.programmer.read_alarms()} - {BY_NAME["clock_lost"].number}


@pytest.mark.req("THER-3", "DOSE-5", "ALARM-1")
def test_suspend_stop_and_resume_stroke_by_stroke(bench: Bench) -> None:
    programmer = bench.programmer
    programmer.set_basal(6_000)
    bench.run_for(minutes=10)
    programmer.suspend()
    assert alarms(bench) == {BY_NAME["pump_suspended"].number}
    bench.run_for(minutes=70)
    programmer.stop()
    bench.run_for(minutes=20)
    programmer.resume()
    assert alarms(bench) == set()
    bench.run_for(minutes=10)
    assert_exact(bench)


@pytest.mark.req("ALARM-2")
def test_an_alarm_is_acknowledged_when_its_cause_is_gone(bench: Bench) -> None:
    programmer = bench.programmer
    programmer.stop()
    number = BY_NAME["pump_stopped"].number
    with pytest.raises(Refused) as refused:
        programmer.acknowledge_alarm(number)
    assert refused.value.code == "cause_there"
    programmer.resume()
    with pytest.raises(Refused) as refused:
        programmer.acknowledge_alarm(number)
    assert refused.value.code == "not_active"


@pytest.mark.req("LOG-3")
def test_telemetry_comes_every_second_and_delays_no_stroke(bench: Bench) -> None:
    programmer = bench.programmer
    programmer.set_basal(35_000)
    programmer.telemetry(1, 60)
    frames = []
    for _ in range(30):
        frame = programmer.listen(1.5)
        assert frame is not None
        frames.append(frame)
    programmer.telemetry(0, 0)
    gaps = {round((after.now_us - before.now_us) / 1e6, 1) for before, after in zip(frames, frames[1:], strict=False)}
    assert gaps <= {0.9, 1.0, 1.1}
    assert frames[-1].strokes_delivered > frames[0].strokes_delivered
    assert_exact(bench)
    assert programmer.listen(3.0) is None
