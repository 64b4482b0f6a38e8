"""What makes MicroPython quick changes nothing: room in an object's table of attributes, small integers for times."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from firmware.compat import roomy
from tests.virtual_board import MICROPYTHON, on_micropython

ROOT = Path(__file__).resolve().parents[2]


def printed(program: str) -> str:
    """What it prints, errors after the rest."""
    run = subprocess.run([str(MICROPYTHON), "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    return run.stdout + run.stderr


_OBJECT = """
from firmware.compat import roomy
class Thing:
    of_all = 1
    def __init__(self, count):
        for n in range(count):
            setattr(self, "_%d" % n, n)
    def method(self):
        return self.of_all
for count in range(60):
    thing = Thing(count)
    values = dict(thing.__dict__)
    assert roomy(thing) is thing
    assert thing.__dict__ == values and len(values) == count and thing.method() == 1
    thing.of_all = 2
    thing.later = 3
    assert thing.method() == 2 and thing.later == 3 and len(thing.__dict__) == count + 2
    for name in values:
        delattr(thing, name)
    assert sorted(thing.__dict__) == ["later", "of_all"]
    del thing.of_all
    assert thing.method() == 1 and not hasattr(thing, "_0")
from firmware import compat
names = dir(compat)
assert roomy(compat) is compat and dir(compat) == names and compat.nobody(1) is None
compat.later = 3
assert compat.later == 3 and sorted(dir(compat)) == sorted(names + ["later"])
import roomy as fixed
for other in (1, "text", [], Thing, Thing.method, None, fixed):
    try:
        roomy(other)
    except TypeError:
        continue
    raise AssertionError(other)
print("done")
"""


@pytest.mark.req("BOARD-1")
@on_micropython
def test_an_object_with_room_is_what_it_was() -> None:
    assert printed(_OBJECT) == "done\n"


@pytest.mark.req("BOARD-1")
def test_cpython_needs_no_room() -> None:
    thing = object()
    assert roomy(thing) is thing


_TIME = """
import gc, virtual, backed, dosecore
core = dosecore.Core(motor=(96, 400, 1600, 20000))
virtual.advance(10 * 365 * 86400 * 1000000)
_ = before = 0  # room for the names themselves
gc.collect()
for look in (virtual.now_us, core.next_us, core.over, core.apart, backed.clock, lambda: core.used(virtual.now_us(), 1)):
    look()
    before = gc.mem_alloc()
    for _ in range(100):
        look()
    print(gc.mem_alloc() - before)
"""


@pytest.mark.req("BOARD-1")
@on_micropython
def test_no_look_at_a_time_or_a_count_takes_memory_where_it_fits_a_word() -> None:
    assert printed(_TIME).split() == ["0"] * 6


_VALUES = """
import dosecore
core = dosecore.Core(motor=(96, 400, 1600, 20000))
for now_us in (0, 1, (1 << 30) - 1, 1 << 30, (1 << 31) - 1, (1 << 62) - 1, 1 << 62, (1 << 62) + 1, 1 << 63):
    core.settle(now_us)
    assert core.state(now_us)[35] == now_us, now_us
    assert core.state()[35] - now_us == 0
print("done")
"""


@pytest.mark.req("DOSE-1")
@on_micropython
def test_times_come_back_as_they_were_given_small_or_long() -> None:
    assert printed(_VALUES) == "done\n"
