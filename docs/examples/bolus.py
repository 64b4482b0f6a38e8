"""Give a bolus and follow it: every order can be refused, and its answer can be lost.

    RELEVE_PORT=socket://localhost:7007 python docs/examples/bolus.py

Prints: bolus no. 2: 3 strokes
    delivered 0.60 U
"""

import os
import time

from host.api.client import Programmer
from host.errors import OrderUncertain, Refused

VOLUME_MU = 600  # three strokes of 0.2 U

with Programmer.at(os.environ["RELEVE_PORT"]) as pump:
    try:
        started = pump.bolus(VOLUME_MU)
    except Refused as error:  # nothing has changed
        raise SystemExit(f"not given: {error.code}, limit {error.limit} {error.unit}") from error
    except OrderUncertain as error:  # it may have been given: look, never repeat it blindly
        raise SystemExit(str(error)) from error
    print(f"bolus no. {started.delivery_id}: {started.strokes} strokes")
    while (status := pump.status()).bolus_remaining_mu:
        time.sleep(0.1)
    print(f"delivered {status.bolus_delivered_mu / 1000:.2f} U")
