"""What is said of a rate that a rolling cap cuts."""

from __future__ import annotations

import pytest

from host.cuts import cut_note, cut_text

pytestmark = pytest.mark.req("GUARD-1", "THER-9")


def test_it_is_said_which_limit_and_nothing_if_there_is_none() -> None:
    assert cut_text("none") == cut_note("none") == ""
    assert "one hour" in cut_text("hour") and "24 hours" in cut_text("day")
    assert "one hour" in cut_note("hour") and "24 hours" in cut_note("day")
