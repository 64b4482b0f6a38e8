"""Look at a pump: what it delivers, what its reservoir holds, which alarms are latched.

    RELEVE_PORT=socket://localhost:7007 python docs/examples/look.py

Prints: programmed basal rate
    alarms latched: 0
"""

import os

from host.api.client import Programmer

with Programmer.at(os.environ["RELEVE_PORT"]) as pump:
    status = pump.status()
    print(f"{status.state}, programmed basal rate {status.basal_rate_mu_per_h / 1000:.2f} U/h")
    runs = "a rate set by hand" if status.pattern is None else f"pattern {status.pattern}"
    print(f"by {runs}; last 24 h: {status.day_mu / 1000:.2f} U")
    reservoir = pump.read_reservoir()
    if reservoir.filled_utc_s is not None:
        print(f"reservoir: {reservoir.left_mu / 1000:.1f} U left")
    print(f"alarms latched: {len(pump.read_alarms())}")
