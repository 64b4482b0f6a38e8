"""The bench that `--bench` names, for each test that asks for one: the same tests and limits on all of them (HIL-1)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from hil.backends.bench_file import load_bench
from hil.backends.emulated import EmulatedBoard
from hil.backends.emulated_stm32 import image_file
from hil.backends.pinning import pin
from hil.bench import Bench
from hil.errors import EXIT_BENCH, BenchError, DeviceMissing
from hil.plant import Plant, load_mechanism
from hil.protocols.suite import Suite
from tests.suite import recorder
from tests.suite.room import depth

# The kinds of bench that a marker means.
ONLY = {
    "virtual_only": ("virtual",),
    "emulated_only": ("emulated",),
    "stm32_only": ("emulated-stm32",),
    "chip_only": ("emulated", "emulated-stm32"),
    "desk_only": ("desk",),
}
_OWN_FILE = "Copy hil/benches/desk.toml, put in your ports and calibration, and name it: BENCH_FILE=my.toml"


def _missing(bench_name: str) -> str:
    """The image that the bench lacks, or nothing. A bench that cannot be ends the run at once, with its own code."""
    try:
        bench = load_bench(bench_name)
        for port in (bench.pump_port, bench.bench_io_port):
            if port.startswith("/") and not Path(port).exists():
                raise BenchError(f"bench {bench_name}: there is no {port}. {_OWN_FILE}")
        if bench.kind == "emulated-stm32":
            image_file(bench.board)
    except DeviceMissing as missing:
        return str(missing)
    except BenchError as error:
        pytest.exit(f"bench error (this says nothing about dosing): {error}", EXIT_BENCH)
    return ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a desk half an hour of dosing takes half an hour. Without an image for the emulated STM32 nothing is run, and
    one line says why: the image needs a checkout that is not ours.
    """
    bench = str(config.getoption("--bench-file") or config.getoption("--bench"))
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    missing = _missing(bench) if ours else ""
    if missing and ours:
        ours[0].add_marker(pytest.mark.skip(reason=f"the whole suite: {missing}"))
        config.hook.pytest_deselected(items=ours[1:])
        items[:] = [item for item in items if item not in ours[1:]]
    if bench.startswith(("virtual", "emulated")):
        return
    for item in items:
        if item.get_closest_marker("on_desk"):
            item.add_marker(pytest.mark.timeout(3600), append=False)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Begin the page of this run, in the process that hears of every test."""
    config = session.config
    if not config.getoption("--results") or hasattr(config, "workerinput"):
        return
    bench = str(config.getoption("--bench-file") or config.getoption("--bench"))
    try:
        suite = Suite(Path(config.getoption("--results")), bench, str(config.getoption("keyword")))
    except BenchError as error:
        pytest.exit(f"bench error (this says nothing about dosing): {error}", EXIT_BENCH)
    config.pluginmanager.register(recorder.Recorder(suite))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Send along what the page shows of a test."""
    report = yield
    recorder.sent_along(item, report)
    return report


@pytest.fixture(scope="session", autouse=True)
def _pinned() -> None:
    pin()


@pytest.fixture(scope="session")
def bench_kind(request: pytest.FixtureRequest) -> str:
    """The bench's name, or the path of its file."""
    return str(request.config.getoption("--bench-file") or request.config.getoption("--bench"))


@pytest.fixture(autouse=True)
def _only_where_it_can_be(request: pytest.FixtureRequest, bench_kind: str) -> None:
    this = load_bench(bench_kind).kind
    for name, kinds in ONLY.items():
        marker = request.node.get_closest_marker(name)
        if marker is not None and this not in kinds:
            pytest.skip(f"{' or '.join(kinds)} bench only: {marker.args[0]}")
    if this == "desk" and not any(request.node.get_closest_marker(name) for name in ("desk_only", "on_desk")):
        pytest.skip("not on a desk, where an hour is an hour")


@pytest.fixture
def open_bench(request: pytest.FixtureRequest, bench_kind: str) -> Iterator[Callable[..., Bench]]:
    """open_bench(seed=1, plant=None, **options) -> a running Bench; `plant` instead of a healthy one made from `seed`.

    All are closed at the end: a virtual board must exit cleanly, an emulated one and a desk must have flagged nothing,
    and an emulated one must have kept a quarter of each stack.
    """
    opened: list[Bench] = []

    def make(seed: int = 1, plant: Plant | None = None, **options: int) -> Bench:
        stroke_nl = options.get("stroke_nl", 500)
        mechanism = load_mechanism()
        if stroke_nl != 500:
            # The same mechanism driven in finer quanta: fewer of its microsteps make a stroke.
            steps = int(mechanism["steps_per_stroke"]) * stroke_nl // 500
            mechanism = mechanism.with_value("stroke_volume_nl", stroke_nl).with_value("steps_per_stroke", steps)
        bench = Bench(plant or Plant(mechanism, seed), kind=bench_kind, **options)
        opened.append(bench)
        bench.check_link()
        return bench

    yield make
    kind = load_bench(bench_kind).kind
    found = [[] if kind == "virtual" else each.board.flagged() for each in opened]
    recorder.why(request.node, opened, flagged=any(found))
    for each, flagged in zip(opened, found, strict=True):
        used = depth(each.board) if isinstance(each.board, EmulatedBoard) else None
        each.board.close()
        assert flagged == []
        assert used is None or used.roomy, used


@pytest.fixture
def bench(open_bench: Callable[..., Bench]) -> Bench:
    return open_bench()
