"""An emulated chip and the virtual board make the same strokes from the same script, stroke by stroke (HIL-1).

The script runs on the emulated chip first. Each command took effect at a microsecond that the device itself names; the
virtual board is then given the same commands so that they take effect at the same microseconds. What differs afterwards
is what a processor and its wires cost: the start of each stroke, by less than 2 µs.
"""

from __future__ import annotations

import pytest

from hil.backends.virtual import uart_time_us
from hil.bench import Bench
from hil.plant import Plant, load_mechanism
from hil.sealing import sealed_frame
from host.api.conversation import MESSAGES, encode_request
from host.errors import Refused

pytestmark = pytest.mark.chip_only("compares it with the virtual board")

REFUSED = (("bolus", {"volume_mu": 40_200}), ("set_basal", {"rate_mu_per_h": 35_050}), ("resume", {}))
# Every command with what follows it: rates, boluses over basal, suspends and resumes at odd times.
SCRIPT = (
    ("set_basal", {"rate_mu_per_h": 3_350}, 5_000.1),
    ("bolus", {"volume_mu": 4_000}, 7.3),
    ("set_basal", {"rate_mu_per_h": 12_000}, 1_801.77),
    ("suspend", {}, 333.3),
    ("resume", {}, 2_400.5),
    ("bolus", {"volume_mu": 10_000}, 31.001),
    ("cancel_bolus", {}, 900.9),
    ("set_basal", {"rate_mu_per_h": 0}, 600.0),
    ("set_basal", {"rate_mu_per_h": 35_000}, 900.123),
    ("bolus", {"volume_mu": 6_000}, 3_600.0),
)
START_US_MAX = 2
PREPARE_US = 200_000  # an order is prepared so long before it takes effect


@pytest.mark.req("HIL-1", "DOSE-1", "DOSE-6")
def test_the_same_script_makes_the_same_strokes(bench: Bench) -> None:
    orders = []
    for name, values, seconds in SCRIPT:
        at_us = bench.programmer.call(name, **values)["at_us"]
        orders.append((at_us, name, values))
        bench.run_for(seconds=seconds)
    end_us = max(orders[-1][0] + 3_600_000_000, bench.now_us)
    bench.run_until_us(end_us + START_US_MAX)

    twin = Bench(Plant(load_mechanism(), 1))
    try:
        twin.check_link()
        life = twin.programmer.read_time().life
        for sequence, (at_us, name, values) in enumerate(orders):
            message = MESSAGES[name]
            order = {"command_id": 1_000_000 + sequence, "life": life, "expires_us": at_us + 1_000_000, "confirms": 0}
            if message.bound:
                twin.run_until_us(at_us - PREPARE_US)
                order["confirms"] = twin.programmer.prepare(name, **values).confirms
            payload, session = encode_request(message, order | values), twin.programmer.link.session
            frame, _ = sealed_frame(session, 1000 + sequence, message.id, payload)
            twin.run_until_us(at_us - uart_time_us(len(frame)))
            twin.board.write(frame)
            twin.run_until_us(at_us)
        twin.run_until_us(end_us)
        strokes_us = list(twin.stroke_starts_us)
    finally:
        twin.board.kill()

    assert len(strokes_us) > 300
    assert len(bench.stroke_starts_us) == len(strokes_us)
    late_us = [emulated - virtual for emulated, virtual in zip(bench.stroke_starts_us, strokes_us, strict=True)]
    assert min(late_us) >= 0 and max(late_us) <= START_US_MAX, (min(late_us), max(late_us), late_us)


@pytest.mark.req("HIL-1")
def test_what_one_refuses_the_other_refuses(bench: Bench) -> None:
    twin = Bench(Plant(load_mechanism(), 1))
    try:
        for name, values in (
            ("bolus", {"volume_mu": 40_200}),
            ("set_basal", {"rate_mu_per_h": 35_050}),
            ("resume", {}),
        ):
            refusals = []
            for each in (bench, twin):
                each.programmer._check = False
                with pytest.raises(Refused) as refused:
                    each.programmer.call(name, **values)
                refusals.append((refused.value.code, refused.value.limit))
            assert refusals[0] == refusals[1]
    finally:
        twin.board.kill()
