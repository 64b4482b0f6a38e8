"""Each fault of `pump-bench fault` on the firmware as it is built: the alarm it promises, and that it can be undone."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from typer.testing import CliRunner

from firmware.protocol.alarms import BY_NUMBER
from hil.bench import Bench
from hil.cli import app
from hil.errors import BenchError
from hil.plant import Plant, load_mechanism
from hil.play import control
from hil.play.acts import ACTS
from hil.play.world import NotPossible, PlayPlant, World
from host.errors import Refused

MEND = "mend"


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench(PlayPlant(load_mechanism(), 1)) as bench:
        yield bench


@pytest.fixture
def world(bench: Bench) -> World:
    return World(bench.board)


def pass_time(bench: Bench, world: World, *, seconds: float = 0, hours: float = 0) -> None:
    world.run_until_us(bench.now_us + round((hours * 3600 + seconds) * 1_000_000))


def alarms(bench: Bench) -> list[str]:
    return [BY_NUMBER[each.alarm].name for each in bench.programmer.read_alarms()]


@pytest.mark.req("HIL-3", "ALARM-1")
@pytest.mark.parametrize("name", [each.name for each in ACTS.values() if each.alarm])
def test_a_fault_has_the_alarm_that_it_promises(name: str, bench: Bench, world: World) -> None:
    act = ACTS[name]
    bench.programmer.set_basal(1000)
    pass_time(bench, world, hours=1)
    assert alarms(bench) == []
    assert act.alarm in world.do(name)
    with suppress(Refused):  # a pump whose memory fails takes no order
        bench.programmer.bolus(4000)
    pass_time(bench, world, seconds=120)
    if act.alarm == "clock_lost":
        pass_time(bench, world, hours=1)
    if "power cut" in act.soon:
        assert alarms(bench) == []
        world.do("cut-power")
        pass_time(bench, world, seconds=10)
    assert act.alarm in alarms(bench)


@pytest.mark.req("ALARM-2")
def test_what_is_mended_lets_the_pump_go_on(bench: Bench, world: World) -> None:
    world.do("close-catheter")
    bench.programmer.bolus(4000)
    pass_time(bench, world, seconds=120)
    assert "occlusion" in alarms(bench)
    world.do(MEND)
    pass_time(bench, world, seconds=60)
    bench.programmer.acknowledge_alarm(15)
    bench.programmer.resume()
    bench.programmer.bolus(2000)
    before = bench.programmer.status().strokes_delivered
    pass_time(bench, world, seconds=60)
    assert bench.programmer.status().strokes_delivered - before >= 10
    assert alarms(bench) == []


@pytest.mark.req("STORE-5")
def test_power_comes_back_by_itself(bench: Bench, world: World) -> None:
    bench.programmer.set_basal(1200)
    world.do("cut-power", 3)
    assert not bench.board.powered
    assert world.next_event_us == bench.now_us + 3_000_000
    pass_time(bench, world, seconds=2.9)
    assert not bench.board.powered
    pass_time(bench, world, seconds=0.2)
    assert bench.board.powered
    status = bench.programmer.status()
    assert (status.resets, status.basal_rate_mu_per_h) == (1, 1200)


def test_a_second_cut_prolongs_the_first(bench: Bench, world: World) -> None:
    world.do("cut-power", 3)
    pass_time(bench, world, seconds=2)
    world.do("cut-power", 3)
    pass_time(bench, world, seconds=2)
    assert not bench.board.powered
    pass_time(bench, world, seconds=1)
    assert bench.board.powered


@pytest.mark.parametrize(
    ("name", "figure", "said"),
    [
        ("open-heart", None, "there are close-catheter, "),
        ("close-catheter", 3.0, "close-catheter takes no figure, 3 was given"),
        ("cut-power", 0.0, "cut-power 0 seconds: more than 0, at most 604800"),
        ("cut-power", -1.0, "more than 0"),
        ("cut-power", 1e9, "at most 604800"),
        ("jump-clock", 1e9, "hours: at most 200000 either way"),
    ],
)
def test_what_cannot_be_is_refused_with_its_limit(
    name: str, figure: float | None, said: str, bench: Bench, world: World
) -> None:
    with pytest.raises(NotPossible, match=said):
        world.do(name, figure)
    assert bench.board.powered


def test_a_clock_that_is_lost_cannot_jump(world: World) -> None:
    world.do("lose-clock")
    with pytest.raises(NotPossible, match="set-time"):
        world.do("jump-clock", 1)


def test_another_plant_has_no_faults() -> None:
    with Bench(Plant(load_mechanism(), 1)) as bench, pytest.raises(NotPossible, match="not simulated"):
        World(bench.board).do("close-catheter")


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"{}\n", b"[]\n", b"7\n", b'{"fault": 7}\n', b'{"fault": "mend", "figure": "x"}\n', b"\xff\xfe\n",
     b'{"fault": "mend", "figure": NaN}\n', b'{"fault": "mend", "figure": true}\n'],
)  # fmt: skip
def test_another_line_is_answered_by_its_error(line: bytes, world: World) -> None:
    assert json.loads(control.answer(world, line))["error"].startswith("not a fault")


def test_a_second_terminal_is_answered(world: World) -> None:
    listener = socket.create_server((control.HOST, 0))
    port = listener.getsockname()[1] - 1
    thread = threading.Thread(target=lambda: [control.serve_one(listener, world) for _ in range(3)])
    thread.start()
    assert "occlusion" in control.ask(port, "close-catheter")
    with pytest.raises(NotPossible, match="there are"):
        control.ask(port, "nothing")
    socket.create_connection((control.HOST, port + 1)).close()  # asks nothing
    thread.join()
    listener.close()


def test_where_no_pump_runs_that_is_said() -> None:
    with socket.create_server((control.HOST, 0)) as taken:
        free = taken.getsockname()[1] - 1
    with pytest.raises(BenchError, match=f"no pump answers on TCP port {free + 1}"):
        control.ask(free, "mend")


@pytest.mark.parametrize("figure", ["inf", "-inf", "nan"])
def test_what_is_no_figure_is_said_to_a_person_not_to_a_program(figure: str) -> None:
    run = CliRunner().invoke(app, ["fault", "jump-clock", figure], env={"COLUMNS": "200"})
    assert run.exit_code == 2 and f"jump-clock {figure}: that is not a figure" in run.stderr
