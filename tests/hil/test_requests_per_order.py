"""What an order costs on the line: each request wakes the pump and takes the bench's time (make speed)."""

from __future__ import annotations

import pytest

from hil.bench import Bench
from hil.plant import Plant, load_mechanism


@pytest.mark.req("LINK-1")
def test_a_bolus_is_three_requests_and_three_more_once_its_session_has_ended() -> None:
    with Bench(Plant(load_mechanism(), 1)) as bench:
        pump = bench.programmer

        def asked(volume_mu: int) -> int:
            before = pump.link.next_sequence
            pump.bolus(volume_mu)
            return pump.link.next_sequence - before

        pump.set_basal(1000)
        assert asked(1000) == 3, "the time, what it would do, the order"
        bench.run_for(hours=8)
        assert asked(1000) == 3
        bench.run_for(hours=20)
        assert asked(1000) == 6, "the time, refused; hello, open, what it is and its time; then the two steps"
