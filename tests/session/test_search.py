"""Every order of events in a small world, on the session's C code; and in a broken copy, the broken rule is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from c_ext.host.build import build_session, load
from c_ext.host.session_face import bind
from tests.gates.core_copy import session_copy
from tests.session.device import session_class
from tests.session.search import Bounds, Violation, search

PLAIN = Bounds(hellos=2, openings=2, frames=2, rotations=1, resets=1, telemetry=1, later=1)
ROTATIONS = Bounds(hellos=2, openings=2, frames=2, rotations=2, resets=1, telemetry=0, later=0)
LARGE = (
    Bounds(hellos=3, openings=3, frames=2, rotations=1, resets=1, telemetry=0, later=0),
    Bounds(hellos=2, openings=2, frames=3, rotations=2, resets=1, telemetry=1, later=0),
)
LIVES = "a frame of the live session was answered as a stranger's"
# What is broken: the file, the edit, the world in which it shows, and what the search says.
BROKEN = {
    "a repeated request is a new one": (
        ("session.c", "(counter == live->last) ? SESSION_AGAIN :", "false ? 0 :"),
        PLAIN,
        "a request was carried out twice",
    ),
    "the counter stands": (("frames.c", "    channel->sent++;\n", ""), PLAIN, "two texts under one counter"),
    "telemetry overwrites the reply": (
        (
            "session.c",
            "if ((sealed_bytes != 0u) && !telemetry)",
            "if ((sealed_bytes != 0u) && (!telemetry || (session->reply_bytes != 0u)))",
        ),
        PLAIN,
        "another reply than before",
    ),
    "an opening ends the live session": (
        ("opening.c", "        bytes_wipe(pending, sizeof *pending);\n", "        session_forget(session);\n"),
        PLAIN,
        LIVES,
    ),
    "an old frame is refused as no session's": (
        (
            "session.c",
            "            result = SESSION_DROP;\n        }\n        if (result >= 0)",
            "        }\n        if (result >= 0)",
        ),
        PLAIN,
        LIVES,
    ),
    "a challenge stays": (
        ("opening.c", "    session->challenge_up = 0u;\n    bytes_wipe", "    bytes_wipe"),
        PLAIN,
        "a challenge opened two sessions",
    ),
    "a next key that was replaced is confirmed": (
        ("session.c", "        end(&session->pending);  // opened", "        // opened"),
        ROTATIONS,
        "a frame was taken",
    ),
    "the next key is dropped": (
        (
            "slots.c",
            "        bytes_copy(&record[SLOT_KEY], &record[SLOT_NEXT_KEY], PRIMITIVE_KEY_BYTES);\n",
            "",
        ),
        ROTATIONS,
        "the slot's key is not the programmer's",
    ),
}


@pytest.mark.req("SEC-1", "SEC-2", "LINK-2")
@pytest.mark.parametrize("bounds", [PLAIN, ROTATIONS], ids=["plain", "rotations"])
def test_no_order_of_events_breaks_a_rule(bounds: Bounds) -> None:
    found = search(session_class(), bounds)
    assert found["left"] == 0 and found["states"] > 3000


@pytest.mark.nightly
@pytest.mark.req("SEC-1", "SEC-2", "LINK-2")
@pytest.mark.parametrize("bounds", LARGE, ids=["three sessions", "three frames"])
def test_no_order_of_events_breaks_a_rule_in_a_larger_world(bounds: Bounds) -> None:
    found = search(session_class(), bounds)
    assert found["left"] == 0 and found["states"] > 40_000


@pytest.mark.parametrize(("edit", "bounds", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_found(tmp_path: Path, edit: tuple[str, str, str], bounds: Bounds, says: str) -> None:
    cls = bind(load(build_session(session_copy(tmp_path, *edit), cflags="-O0 -g0")))
    with pytest.raises(Violation, match=says):
        search(cls, bounds)
