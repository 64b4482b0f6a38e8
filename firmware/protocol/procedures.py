"""The guided procedures as data: the order of their steps, the pump's deliveries, and where an interruption leads.

The texts that a person reads at each step, and their sources, are in host/texts/procedures_en.py; docs/procedures.md is
made from both. Numbers of procedures, steps, choices and ledgers are stored and sent: add at the end only.
firmware/therapy/guide.py walks the table.

On the implant "program minimal basal rate" comes before a rinse, because its suspend is 0.2 U/h (MiniMed 2007D
physician manual, App. E). Here the pump delivers only the strokes that a step orders: a basal stroke would be one of
NaOH. So a procedure begins on a pump that does not deliver, and the step sets the rate at which it will be resumed.

Implements: THER-5, THER-6
"""

from firmware.compat import const

# Contents of the catheter, and its volume: 13 U, with its tubing (MiniMed 2007D physician manual, p. 121).
INSULIN, BUFFER, NAOH = range(3)
CATHETER_NL = const(32500)

# Contents of the reservoir: those of a catheter, or nothing that can be relied on.
EMPTY = const(3)
RESERVOIR = ("insulin", "buffer", "naoh", "empty")

# Ledgers for deliveries in a procedure. Never therapy.
LEDGERS = ("insulin_test", "buffer", "naoh", "diagnostic")
LEDGER_INSULIN_TEST, LEDGER_BUFFER, LEDGER_NAOH, LEDGER_DIAGNOSTIC = range(4)

# Outlets of the strokes: down the catheter, or into the syringe or pipette in the side port, which then is open
# upstream of it.
OUTLETS = ("catheter", "side_port")
TO_CATHETER, TO_SIDE_PORT = range(2)

# How a procedure ends. left: interrupted, with the pump as it was before. unfit: the reservoir is not filled with
# insulin, or not under vacuum; therapy must not resume before a refill or a rinse is completed.
ENDS = ("completed", "left", "unfit")
COMPLETED, LEFT, UNFIT = ENDS

# "4 unit bolus to open the valve in the Pump mechanism": 20 strokes of 500 nl (MiniMed 2007C physician manual, p. 159).
VALVE_NL = const(10000)
# Strokes of a patency test: 1 U. Assumption: enough for a pulse to be seen and little enough to reach a patient.
PATENCY_NL = const(2500)

_SYRINGE_NL = const(20000000)


class Input:
    """A person's input at a step: a whole number from `low` to `high`, in `unit`."""

    def __init__(self, name, unit, low, high):
        self.name = name
        self.unit = unit
        self.low = low
        self.high = high


class Step:
    """One step. `choices` are the person's possible answers: (name, next step or end).

    A step that delivers has the choice `go`, which orders `volume_nl` (or the number of strokes in the input named
    `counted_by`) for `ledger` to `outlet`, and moves on to `choices[0][1]` with the last stroke. `interrupt` is where
    an interruption leads; None: there is nothing to interrupt. `enters` and `leaves` are the reservoir's contents from
    entering and from leaving on; `floods` the catheter's contents from entering on.
    """

    def __init__(self, name, choices, interrupt, takes=None, volume_nl=0, counted_by=None, ledger=None,
                 outlet=TO_CATHETER, enters=None, leaves=None, floods=None):  # fmt: skip
        self.name = name
        self.choices = choices
        self.interrupt = interrupt
        self.takes = takes
        self.volume_nl = volume_nl
        self.counted_by = counted_by
        self.ledger = ledger
        self.outlet = outlet
        self.enters = enters
        self.leaves = leaves
        self.floods = floods

    @property
    def delivers(self):
        """Does the pump make strokes here?"""
        return self.ledger is not None


class Procedure:
    """One procedure. It begins with its first step, provided that the reservoir holds one of `needs`."""

    def __init__(self, number, name, needs, steps):
        self.number = number
        self.name = name
        self.needs = needs
        self.steps = steps

    def place(self, name):
        """The index of the step with this name; ValueError if there is none."""
        return [step.name for step in self.steps].index(name)


def _cycle(fluid, content, ledger, away, after):
    """The steps to fill with `fluid`, bring both ports to ambient and pull it through the mechanism; an interruption
    leads to `away`.
    """
    pull, drawn, equalise = "pull_" + fluid, "drawn_" + fluid, "equalise_" + fluid
    last = content == INSULIN
    return (
        Step("fill_" + fluid, (("done", equalise),), away, takes=Input("filled_nl", "nl", 1, _SYRINGE_NL),
             enters=EMPTY if last else content),
        Step(equalise, (("done", pull),), away),
        Step(pull, (("go", drawn),), away, volume_nl=VALVE_NL, ledger=ledger, outlet=TO_SIDE_PORT),
        Step(drawn, (("enough", after), ("again", pull)), away, takes=Input("drawn_nl", "nl", 0, 5000000)),
    )  # fmt: skip


def _refill():
    return Procedure(1, "refill", (INSULIN, BUFFER, EMPTY), (
        Step("prepare", (("ready", "withdraw"),), LEFT),
        Step("withdraw", (("done", "fill"),), UNFIT, takes=Input("withdrawn_nl", "nl", 0, _SYRINGE_NL), enters=EMPTY),
        Step("fill", (("done", "take_back"),), UNFIT, takes=Input("put_in_nl", "nl", 1, _SYRINGE_NL)),
        Step("take_back", (("done", "judge"),), UNFIT, takes=Input("taken_back_nl", "nl", 0, 5000000), leaves=INSULIN),
        Step("judge", (("done", COMPLETED),), None),
    ))  # fmt: skip


def _rinse():
    return Procedure(2, "rinse", (INSULIN, BUFFER, NAOH, EMPTY), (
        Step("minimal_basal", (("done", "needles"),), LEFT),
        Step("needles", (("done", "remove_insulin"),), LEFT),
        Step("remove_insulin", (("done", "fill_naoh"),), UNFIT, takes=Input("withdrawn_nl", "nl", 0, _SYRINGE_NL),
             enters=EMPTY),
    ) + _cycle("naoh", NAOH, LEDGER_NAOH, "remove_naoh", "soak_naoh") + (
        Step("soak_naoh", (("done", "remove_naoh"),), "remove_naoh"),
        Step("remove_naoh", (("done", "fill_buffer"),), None, takes=Input("withdrawn_nl", "nl", 0, _SYRINGE_NL)),
    ) + _cycle("buffer", BUFFER, LEDGER_BUFFER, UNFIT, "remove_buffer") + (
        Step("remove_buffer", (("done", "fill_insulin"),), UNFIT, takes=Input("withdrawn_nl", "nl", 0, _SYRINGE_NL)),
    ) + _cycle("insulin", INSULIN, LEDGER_INSULIN_TEST, UNFIT, "take_back") + (
        Step("take_back", (("done", "remove_needles"),), UNFIT, takes=Input("taken_back_nl", "nl", 0, 5000000),
             leaves=INSULIN),
        Step("remove_needles", (("done", "new_basal"),), None),
        Step("new_basal", (("done", COMPLETED),), None),
    ))  # fmt: skip


def _flush():
    return Procedure(3, "flush", (INSULIN,), (
        Step("prepare", (("ready", "displace"),), LEFT),
        Step("displace", (("done", "flush"),), "wash_out", floods=BUFFER),
        Step("flush", (("done", "wash_out"),), "wash_out", takes=Input("flushed_nl", "nl", 0, _SYRINGE_NL),
             floods=BUFFER),
        Step("wash_out", (("go", COMPLETED),), COMPLETED, volume_nl=CATHETER_NL, ledger=LEDGER_BUFFER),
    ))  # fmt: skip


def _stroke_volume():
    return Procedure(4, "stroke_volume", (INSULIN,), (
        Step("prepare", (("ready", "count"),), LEFT),
        Step("count", (("done", "strokes"),), LEFT, takes=Input("strokes", "strokes", 10, 100)),
        Step("strokes", (("go", "read"),), LEFT, counted_by="strokes", ledger=LEDGER_INSULIN_TEST, outlet=TO_SIDE_PORT),
        Step("read", (("done", "remove"), ("again", "count")), "remove", takes=Input("pipette_nl", "nl", 0, 100000)),
        Step("remove", (("done", COMPLETED),), None),
    ))  # fmt: skip


def _patency():
    return Procedure(5, "patency", (INSULIN,), (
        Step("prepare", (("ready", "strokes"),), LEFT),
        Step("strokes", (("go", "watch"),), LEFT, volume_nl=PATENCY_NL, ledger=LEDGER_DIAGNOSTIC),
        Step("watch", (("falls", COMPLETED), ("stays", COMPLETED), ("no_pulse", COMPLETED), ("again", "strokes")), LEFT,
             takes=Input("pressure_pa", "Pa", -20000, 140000)),
    ))  # fmt: skip


_MAKERS = (_refill, _rinse, _flush, _stroke_volume, _patency)
COUNT = len(_MAKERS)


def procedure(number):
    """The procedure with this number, made anew: on a board only the one under way takes heap. None: there is none."""
    return _MAKERS[number - 1]() if 1 <= number <= COUNT else None
