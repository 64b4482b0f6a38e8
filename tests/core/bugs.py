"""The core broken on purpose: small edits of the C, each of which some suite must see."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

from c_ext.host.build import CORE_DIR, build
from c_ext.host.face import bind


class Bug(NamedTuple):
    """An edit of one file, text for text."""

    name: str
    file: str
    edits: dict[str, str]
    breaks_owed: bool = False  # then the bench's check on raw strokes must see it as well

    def put_in(self, directory: Path) -> Any:
        """A face over a core that has it. Raises AssertionError if the text is not there once."""
        core_dir = directory / "core"
        shutil.copytree(CORE_DIR, core_dir)
        path = core_dir / self.file
        text = path.read_text(encoding="utf-8")
        for old, new in self.edits.items():
            assert text.count(old) == 1, f"the core has changed, this bug no longer applies: {old}"
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return bind(build(core_dir, cflags="-O0"))


PLAYS = "return (core->in_flight != 0u) && (core->armed_kind"
SETTLED = "            core->armed_us = DOSE_NEVER;\n"
SQUARE_LEFT = "dose_remaining(dose, DOSE_KIND_SQUARE)"
PERMITTED = "commanded.value == guard->permitted.value"
OLD_TIME = "(core->stopped_us < at_us) ? at_us : core->stopped_us"

BUGS = [
    Bug("a fraction is dropped", "pace.c", {"owed_q - (strokes * pace->whole_q);": "0u;"}, True),
    Bug("a stroke is a microsecond early", "pace.c", {"(missing_q + pace->rate_q - 1u)": "missing_q"}, True),
    Bug("percent is rounded up", "basal.c", {"value) / PERCENT": "value + PERCENT - 1u) / PERCENT"}, True),
    Bug(
        "a boundary is applied late",
        "basal.c",
        {"            accrue(basal, at_us)": "            accrue(basal, now_us)"},
    ),
    Bug("a boundary is not seen ahead", "basal.c", {"(wait_us > (at_us - then.at_us))": "(wait_us == 0u)"}, True),
    Bug("temporary strokes go to basal", "basal.c", {": BASAL_TEMPORARY;": ": BASAL_PROGRAMMED;"}),
    Bug("a suspended pump goes on", "basal.c", {"(basal->paused != 0u) ?": "(basal->paused > 1u) ?"}, True),
    Bug("spacing is halved", "dose.c", {"at_us + dose->spacing_us;": "at_us + (dose->spacing_us / 2u);"}, True),
    Bug(
        "suspend drops the fraction",
        "dose.c",
        {"basal_pause(&dose->basal, true);": "basal_pause(&dose->basal, true); dose->basal.pace.owed_q = 0u;"},
        True,
    ),
    Bug("a suspend leaves the bolus running", "dose.c", {"        end_boluses(dose, now_us, reason);\n": ""}, True),
    Bug("a suspend keeps what waits", "dose.c", {"dose->basal.waiting[source] = 0u;": ""}),
    Bug(
        "the last square stroke is lost",
        "dose.c",
        {
            f"dose->square_waiting >= {SQUARE_LEFT}": f"(dose->square_waiting + 1u) >= {SQUARE_LEFT}",
            f"dose->square_waiting = {SQUARE_LEFT};": "",
        },
        True,
    ),
    Bug("square goes before basal on a tie", "dose.c", {"*kind = (square_us < basal": "*kind = (square_us <= basal"}),
    Bug("a cap ends a square bolus", "dose.c", {"(kind == DOSE_KIND_NORMAL) ? left": "(kind > DOSE_KIND_TEMP) ? left"}),
    Bug(
        "a cancel forgets the square part",
        "dose.c",
        {f"    if ({SQUARE_LEFT} != 0u) {{": "    if (reason != DOSE_REASON_CANCELLED) {"},
        True,
    ),
    Bug("a refusal moves the time on", "dose.c", {"DOSE_E_RUNNING;": "DOSE_E_RUNNING; dose_settle(dose, now_us);"}),
    Bug(
        "a stop with an old time ends nothing",
        "core.c",
        {OLD_TIME: "(core->stopped_us < at_us) ? 0u : core->stopped_us"},
    ),
    Bug("withheld, not settled, and tried again", "core.c", {SETTLED: f"if (action == CORE_STROKE) {{ {SETTLED} }}"}),
    Bug("a cut stroke is not counted", "core.c", {"!= 0u) {\n        // Part": "> 1u) {\n        // Part"}),
    Bug("a bolus takes the place of one that plays", "core.c", {PLAYS: PLAYS.replace("!= 0u", "> 1u")}),
    Bug("the promise is ignored", "guard.c", {"now_tick > guard->alive_tick.value": "now_tick == UINT32_MAX"}),
    Bug("a promise may be 70 minutes", "guard.h", {"PROMISE_MAX_US 3600000000u": "PROMISE_MAX_US 4200000000u"}),
    Bug("the cap is off by one", "guard.c", {"guard->commanded.value < cap": "guard->commanded.value <= cap"}),
    Bug("the day is half a second short", "guard.h", {"DAY_TICKS 82399u": "DAY_TICKS 82398u"}),
    Bug(
        "the caps are not looked at anew",
        "guard.c",
        {"guard_look_back(guard);\n        guard->permitted": "guard->permitted"},
    ),
    Bug("two strokes may go unconfirmed", "guard.c", {"(difference + 1u) > 2u": "(difference + 1u) > 3u"}),
    Bug("the ring does not go round", "guard.c", {"_length.value) ? 0u : after": "_length.value) ? at : after"}),
    Bug("a loaded state forgets the stroke", "state.c", {"*core = loaded;": "*core = loaded; core->unconfirmed = 0u;"}),
]
# What only corrupted memory, or a part that breaks its word, brings to light.
HIDDEN = [
    Bug("the permit is ignored", "guard.c", {PERMITTED: "commanded.value == UINT32_MAX"}),
    Bug("no complement in the interrupt", "guard.c", {"same &= guard->free_tick.value ^ guard->free_tick.check;": ""}),
    Bug("no complement with the permit", "guard.c", {"same &= guard->head.value ^ guard->head.check;": ""}),
    Bug("counting heals a bit", "guard.c", {"confirmed.check -= 1u": "confirmed.check = ~guard->confirmed.value"}),
    Bug("the guard keeps no spacing", "guard.c", {"(since_us < guard->spacing_us.value)": "(since_us == UINT32_MAX)"}),
    Bug("a pending event is loaded", "state.c", {"(core->event != (uint8_t)CORE_NOTHING)": "(core->event > 9u)"}),
]
