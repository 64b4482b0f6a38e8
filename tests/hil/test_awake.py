"""The verdict on the processor's awake time."""

from __future__ import annotations

import pytest

from hil.protocols.awake import good


@pytest.mark.req("PWR-1", "HIL-6")
def test_the_awake_time_is_judged_by_itself_and_beside_another_checkout() -> None:
    assert good({"loads": [{"awake_ms": 2.8}, {"awake_ms": 9.0}]})
    assert not good({"loads": [{"awake_ms": 3.5}, {"awake_ms": 1.0}]})
    assert good({"loads": [{"awake_ms": 2.8, "ratio": 1.05}, {"awake_ms": 3.0, "ratio": 0.9}]})
    assert not good({"loads": [{"awake_ms": 2.8, "ratio": 1.0}, {"awake_ms": 3.0, "ratio": 1.06}]})
