"""Virtual boards are pinned to one core with their bench."""

from __future__ import annotations

import pytest

from hil.backends.pinning import pin


@pytest.fixture(scope="session", autouse=True)
def _pinned() -> None:
    pin()
