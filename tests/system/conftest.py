"""A bench with a virtual board for each test that asks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from hil.bench import Bench
from hil.pinning import pin
from hil.plant import Plant, load_mechanism


@pytest.fixture(scope="session", autouse=True)
def _pinned() -> None:
    pin()


@pytest.fixture
def open_bench() -> Iterator[Callable[..., Bench]]:
    """open_bench(seed=1, **options) -> a running Bench; all are closed at the end, which checks their exit status."""
    opened: list[Bench] = []

    def make(seed: int = 1, **options: int) -> Bench:
        stroke_nl = options.get("stroke_nl", 500)
        mechanism = load_mechanism()
        if stroke_nl != 500:
            # The same mechanism driven in finer quanta: fewer of its microsteps make a stroke.
            steps = int(mechanism["steps_per_stroke"]) * stroke_nl // 500
            mechanism = mechanism.with_value("stroke_volume_nl", stroke_nl).with_value("steps_per_stroke", steps)
        bench = Bench(Plant(mechanism, seed), **options)
        opened.append(bench)
        bench.check_link()
        return bench

    yield make
    for each in opened:
        each.board.close()


@pytest.fixture
def bench(open_bench: Callable[..., Bench]) -> Bench:
    return open_bench()
