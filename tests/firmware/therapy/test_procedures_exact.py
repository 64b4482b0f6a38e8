"""How the table of procedures is built: a step is what it was made of, a cycle of a fluid its four steps."""

from __future__ import annotations

import pytest

from firmware.protocol import procedures as table
from firmware.protocol.procedures import BUFFER, INSULIN, Input, Procedure, Step

pytestmark = pytest.mark.req("THER-5", "THER-6")
ML = 1_000_000


def test_a_step_is_what_it_was_made_of() -> None:
    takes = Input("x_nl", "nl", 3, 4)
    assert vars(takes) == {"name": "x_nl", "unit": "nl", "low": 3, "high": 4}
    step = Step("a", (("go", "b"),), "c", takes, 5, "d", 6, 7, 8, 9, 10)
    assert vars(step) == {
        "name": "a", "choices": (("go", "b"),), "interrupt": "c", "takes": takes, "volume_nl": 5, "counted_by": "d",
        "ledger": 6, "outlet": 7, "enters": 8, "leaves": 9, "floods": 10,
    }  # fmt: skip
    assert step.delivers and not Step("a", (), None).delivers
    each = Procedure(1, "p", (2,), (step, Step("b", (), None)))
    assert vars(each) == {"number": 1, "name": "p", "needs": (2,), "steps": each.steps}
    assert [each.place(name) for name in ("a", "b")] == [0, 1]
    with pytest.raises(ValueError):
        each.place("c")


@pytest.mark.parametrize(("content", "enters"), [(BUFFER, BUFFER), (INSULIN, table.EMPTY)])
def test_a_fluid_is_filled_brought_to_ambient_pulled_and_drawn(content: int, enters: int) -> None:
    fill, equalise, pull, drawn = table._cycle("x", content, 3, "away", "after")
    assert [step.name for step in (fill, equalise, pull, drawn)] == ["fill_x", "equalise_x", "pull_x", "drawn_x"]
    assert {step.interrupt for step in (fill, equalise, pull, drawn)} == {"away"}
    assert fill.choices == (("done", "equalise_x"),) and fill.enters == enters, "insulin is not yet under vacuum"
    assert (fill.takes.name, fill.takes.low, fill.takes.high) == ("filled_nl", 1, 20 * ML)
    assert equalise.choices == (("done", "pull_x"),) and not equalise.delivers
    assert pull.choices == (("go", "drawn_x"),) and (pull.volume_nl, pull.ledger) == (10_000, 3)
    assert pull.outlet == table.TO_SIDE_PORT
    assert drawn.choices == (("enough", "after"), ("again", "pull_x"))
    assert (drawn.takes.name, drawn.takes.low, drawn.takes.high) == ("drawn_nl", 0, 5 * ML)


def test_a_catheter_holds_13_u_and_contents_have_the_places_that_the_link_names() -> None:
    assert table.CATHETER_NL * 400 == 13 * 1_000_000, "µU at U-400, with its tubing"
    contents = (INSULIN, BUFFER, table.NAOH, table.EMPTY)
    assert contents == (0, 1, 2, 3) and len(table.RESERVOIR) == 4
    assert [table.RESERVOIR[each] for each in contents] == ["insulin", "buffer", "naoh", "empty"]
