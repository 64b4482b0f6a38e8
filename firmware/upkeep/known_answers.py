"""Short scripts for a scratch dose core, with the exact answers: the self-test's check that it still computes right.

Each script is a core's configuration and its calls; an answer is the result code, or the starts of strokes in µs. They
follow from the specification's arithmetic; tests/firmware/upkeep/test_self_test.py compares them with the exact model
in fractions. All times stay below 2^30 µs, up to which MicroPython allocates no memory for an integer.

Implements: SELF-1
"""

from firmware import dose_codes as code
from firmware.compat import const

# A burst of 40 ms; enough history for every stroke of a script.
_MOTOR = (24, 400, 2000, 20000)
_HISTORY = const(32)
_STROKE = const(1)  # results of service(): core_action_t
_FAULT = const(3)
# As in firmware.dose_codes; constants of this file, so that the scripts are one and stay in flash.
_E_FAULT = const(11)
_E_HOUR_CAP = const(9)
_E_MAX_BASAL = const(7)
_E_RANGE = const(2)
_E_SUSPENDED = const(3)
_OK = const(0)
# (stroke nl, U/ml, calls); a call is (method, arguments, answer).
SCRIPTS = (
    # 5 U/h is a stroke every 144 s; 12 s of it are carried over into 0.7 U/h; a bolus at 2 s spacing in between.
    (500, 400, (
        ("set_basal", (0, 5000), _OK),
        ("run", (0, 300000000), (144000000, 288000000)),
        ("set_basal", (300000000, 700), _OK),
        ("bolus", (400000000, 3), _OK),
        ("run", (300000000, 500000000), (400000000, 402000000, 404000000)),
        ("bolus", (500000000, 0), _E_RANGE),
        ("temp_basal", (500000000, 2, 200, 900000000), _OK),
        ("run", (500000000, 1000000000), (871428572,)),
        ("set_basal", (1000000000, 35050), _E_MAX_BASAL),
    )),
    # The fine stroke: 35 U/h is one every 5 1/7 s; while suspended nothing comes, and nothing is made up afterwards.
    (125, 400, (
        ("set_basal", (0, 35000), _OK),
        ("run", (0, 16000000), (5142858, 10285715, 15428572)),
        ("suspend", (16000000,), _OK),
        ("run", (16000000, 900000000), ()),
        ("bolus", (900000000, 1), _E_SUSPENDED),
        ("resume", (900000000,), _OK),
        ("run", (900000000, 905000000), (904571429,)),
    )),
    # A cap of two strokes an hour: a third is refused, and no stroke comes without a permit.
    (500, 400, (
        ("set_limits", (35000, 40000, 400, 150000), _E_RANGE),
        ("set_limits", (35000, 4000, 400, 6400), _OK),
        ("bolus", (0, 3), _E_HOUR_CAP),
        ("bolus", (0, 2), _OK),
        ("idle", (0, 60000000), ()),
        ("run", (60000000, 90000000), (60000000, 62000000)),
        ("bolus", (90000000, 1), _E_HOUR_CAP),
    )),
    # Strokes that the sensor does not see: the guard stops at the second.
    (500, 400, (
        ("bolus", (0, 5), _OK),
        ("blind", (0, 60000000), (0, 2000000, -4000000)),
        ("bolus", (60000000, 1), _E_FAULT),
    )),
)  # fmt: skip


def wrong_answers(core_class):
    """The number of calls in all scripts that cores of `core_class` answer wrongly; 0 if all is right."""
    wrong = 0
    for stroke_nl, concentration_u_per_ml, calls in SCRIPTS:
        core = core_class(stroke_nl, concentration_u_per_ml, 0, _MOTOR, _HISTORY, 0)
        for name, arguments, answer in calls:
            if ask(core, name, arguments) != answer:
                wrong += 1
    return wrong


def ask(core, name, arguments):
    """The core's answer to one call of a script."""
    if name in ("run", "idle", "blind"):
        return _starts(core, arguments[0], arguments[1], name != "idle", name != "blind")
    result = getattr(core, name)(*arguments)
    return result[0] if isinstance(result, tuple) else result


def _starts(core, now_us, until_us, permitting, seeing):
    """Run the core from `now_us` to `until_us`; returns the starts of the strokes, and a fault's time negated.

    `permitting`: each stroke gets its permit. `seeing`: the sensor works.
    """
    starts = []
    core.settle(now_us)
    strokes = core.state()[code.GUARD_COMMANDED]
    if permitting:
        core.permit(strokes + 1)
    while True:
        core.promise(now_us, until_us)
        due_us = core.next_us()
        if due_us < 0 or due_us > until_us:
            break
        now_us = max(now_us, due_us)
        action = core.service(now_us)
        if action == _STROKE:
            strokes += 1
            starts.append(now_us)
            if seeing:
                core.confirmed()
            core.ended()
        elif action == _FAULT:
            starts.append(-now_us)
        core.settle(now_us)
        if permitting:
            core.permit(strokes + 1)
    core.settle(until_us)
    return tuple(starts)
