"""The `pump` command on a virtual pump over TCP: what a new user does first, on the firmware as it is built."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from hil.backends.virtual import VirtualBoard
from hil.keys import Provisioned
from hil.plant import Plant, load_mechanism
from hil.play.server import PumpServer
from host import cli
from host.session import keys

PACE = 20.0
Pump = Callable[..., Any]


@pytest.fixture
def pump() -> Iterator[Pump]:
    board = VirtualBoard(Plant(load_mechanism(), 1), keys=Provisioned().cells)
    keys.save(Provisioned().bench, replace=True)
    with PumpServer(board, pace=PACE).in_background() as server:
        general = ["--port", f"socket://localhost:{server.tcp_port}", "--holds", "600", "--timeout", "60", "--json"]
        general += ["--identity", keys.PLAY]

        def run(*arguments: str) -> Any:
            result = CliRunner().invoke(cli.app, [*general, *arguments])
            assert result.exit_code == 0, result.stderr
            found = [json.loads(line) for line in result.stdout.splitlines()]
            return found[0] if len(found) == 1 else found

        yield run
    board.close()


@pytest.mark.req("HOST-1", "THER-1", "THER-2", "THER-3", "THER-6", "ALARM-2")
def test_a_first_hour_with_the_pump(pump: Pump) -> None:
    assert pump("pattern", "edit", "A", "00:00=0.7", "06:00=1.1", "22:30=0.6", "--yes")["day_mu"] == 23_250
    assert pump("pattern", "select", "A", "--yes")["rate_mu_per_h"] == 700
    assert pump("pattern", "show", "A")["rates_mu_per_h"].count(1100) == 33
    assert pump("temp", "50%", "--for", "2h", "--yes")["in_force_mu_per_h"] == 350
    assert pump("bolus", "3", "--now", "1", "--over", "2h", "--yes")["strokes"] == 15
    assert pump("suspend", "--yes")["rate_mu_per_h"] == 200
    assert [each["name"] for each in pump("alarms")] == ["pump_suspended"]
    status = pump("status")
    assert (status["state"], status["in_force_mu_per_h"], status["basal_rate_mu_per_h"]) == ("suspended", 200, 700)
    assert pump("resume", "--yes")["rate_mu_per_h"] == 700
    assert pump("alarms") == []
    assert pump("recommend", "1.2", "--for", "15min", "--yes")["programmed_mu_per_h"] == 700
    pump("stop", "--yes")
    assert pump("procedure", "start", "patency", "--yes")["now"]["procedure"] == "patency"
    assert pump("procedure", "interrupt", "--yes")["now"]["fit"]
    assert pump(
        "refill", "--drawn-before", "20", "--drawn-after", "20", "--put-before", "40", "--put-after", "25", "--yes"
    )
    assert pump("reservoir")["level"] == "enough"
    assert pump("settings", "--auto-off", "12h", "--yes")["at_us"]
    assert pump("self-test")["passed"]
    kinds = {each["kind"] for each in pump("deliveries")}
    assert {"basal", "temp_basal", "dual_normal", "dual_square"} <= kinds


@pytest.mark.req("LOG-3")
def test_the_status_comes_unasked(pump: Pump) -> None:
    frames = pump("telemetry", "--interval", "10", "--for", "1min")
    assert len(frames) in (5, 6)
    assert all(9_000_000 < b["now_us"] - a["now_us"] < 12_000_000 for a, b in zip(frames, frames[1:], strict=False))
    assert frames[0]["battery_left_nah"] > 0
