"""A fault on the virtual board, with MicroPython and the C core: latched over a restart, cleared, and dosing again."""

from __future__ import annotations

import pytest

from hil.bench import Bench
from hil.plant import Plant, load_mechanism
from hil.protocols.powerloss.script import Blind
from host.errors import Refused

pytestmark = pytest.mark.req("GUARD-4", "SEC-2")


def test_a_blind_sensor_s_fault_is_cleared_when_it_sees_again() -> None:
    with Bench(Plant(load_mechanism(), 1)) as bench:
        programmer, sound = bench.programmer, bench.board.plant
        bench.board.plant = Blind(bench)
        programmer.bolus(1_000)
        bench.run_for(minutes=1)
        assert programmer.status().state == "stopped", "the watch over the catheter saw that nothing moved"
        programmer.resume()
        programmer.bolus(200)
        bench.run_for(minutes=1)
        status = programmer.status()
        assert (status.state, status.strokes_commanded, status.strokes_delivered) == ("fault", 2, 0)
        with pytest.raises(Refused, match="not latched"):
            programmer.clear_fault(status.fault + 1)
        bench.board.plant = sound
        cleared = programmer.clear_fault(status.fault)
        assert (cleared.commanded_strokes, cleared.confirmed_strokes) == (2, 0)
        bench.run_for(hours=2)
        assert programmer.status().state == "stopped" and len(bench.stroke_starts_us) == 2
        programmer.resume()
        for alarm in programmer.read_alarms():
            programmer.acknowledge_alarm(alarm.alarm)
        programmer.bolus(1_000)
        bench.run_for(minutes=1)
        status = programmer.status()
        assert (status.state, len(bench.stroke_starts_us)) == ("running", 7)
        assert status.hour_mu == 1_000 and status.day_mu == 1_400
