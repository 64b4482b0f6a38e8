"""Change a basal pattern: stage the 48 half-hourly rates, read them back, commit them at once, run the pattern.

    RELEVE_PORT=socket://localhost:7007 python docs/examples/pattern.py

Prints: 23.25 U a day
    runs pattern A
"""

import os

from host.api.client import Programmer

NIGHT, DAY, EVENING = 700, 1100, 600  # mU/h
RATES = [NIGHT] * 12 + [DAY] * 33 + [EVENING] * 3  # from 00:00, 06:00 and 22:30 on

with Programmer.at(os.environ["RELEVE_PORT"]) as pump:
    pump.stage_pattern("A", RATES)
    staged = pump.read_pattern("A", staged=True)
    if list(staged.rates_mu_per_h) != RATES:
        raise SystemExit("what the pump holds is not what was sent; nothing was changed")
    committed = pump.commit_pattern("A", staged.fingerprint)
    print(f"{committed.day_mu / 1000:.2f} U a day")
    pump.select_pattern("A")
    print(f"runs pattern {pump.status().pattern}")
