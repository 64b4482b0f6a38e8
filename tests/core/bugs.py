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


PLAYS = "((core->in_flight != 0u) && (core->armed_kind"
SETTLED = "            core->armed_us = DOSE_NEVER;\n"
SQUARE_LEFT = "remaining(dose, DOSE_KIND_SQUARE)"
PERMITTED = "commanded.value == guard->permitted.value"
ENDS = "        if (ledger->remaining != 0u) {"

BUGS = [
    Bug("a fraction is dropped", "pace.c", {"owed_q - (strokes * pace->whole_q);": "0u;"}, True),
    Bug("a stroke is a microsecond early", "pace.c", {"(missing_q + pace->rate_q - 1u)": "missing_q"}, True),
    Bug("percent is rounded up", "basal.c", {"value) / PERCENT": "value + PERCENT - 1u) / PERCENT"}, True),
    Bug(
        "a boundary is passed over",
        "basal.c",
        {"(change_us < now_us) ? change_us : now_us": "(change_us < now_us) ? now_us : now_us"},
    ),
    Bug("a boundary is not seen ahead", "basal.c", {"(due_us > at_us)": "(due_us == 0u)"}, True),
    Bug("temporary strokes go to basal", "basal.c", {": BASAL_TEMPORARY;": ": BASAL_PROGRAMMED;"}),
    Bug("a suspended pump goes on", "basal.c", {"(basal->paused != 0u) ?": "(basal->paused > 1u) ?"}, True),
    Bug("spacing is halved", "dose.c", {"at_us + dose->spacing_us;": "at_us + (dose->spacing_us / 2u);"}, True),
    Bug(
        "suspend drops the fraction",
        "dose.c",
        {"basal_pause(&dose->basal, true);": "basal_pause(&dose->basal, true); dose->basal.pace.owed_q = 0u;"},
        True,
    ),
    Bug("a suspend leaves the bolus running", "dose.c", {"        end_boluses(dose, reason);\n": ""}, True),
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
    Bug("square goes before basal on a tie", "dose.c", {"if (square_us < owed": "if (square_us <= owed"}),
    Bug("a cap ends a square bolus", "dose.c", {"(kind == DOSE_KIND_NORMAL) ? led": "(kind > DOSE_KIND_TEMP) ? led"}),
    Bug(
        "a cancel forgets the square part",
        "dose.c",
        {ENDS: ENDS.replace(") {", " && ((kind == 2u) || (reason != DOSE_REASON_CANCELLED))) {")},
    ),
    Bug("a refusal moves the next slot", "dose.c", {"DOSE_E_RUNNING;": "DOSE_E_RUNNING; dose->slot_us += 1u;"}),
    Bug("a commanded stroke is still to come", "ledger.c", {"    ledger->remaining -= 1u;\n": ""}, True),
    Bug("what was given up is still to come", "ledger.c", {"    ledger->remaining -= strokes;\n": ""}),
    Bug(
        "a stop with an old time turns the books back",
        "core.c",
        {"(core->stopped_us > dose->basal.at_us)": "(core->stopped_us != dose->basal.at_us)"},
    ),
    Bug("a stroke between clock and call refuses it", "core.c", {"(now_us + GUARD_BUSY_MAX_US) >=": "now_us >="}),
    Bug("a clock may run back by an hour", "core.c", {"(now_us + GUARD_BUSY_MAX_US) >=": "(now_us + 3600000000u) >="}),
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
