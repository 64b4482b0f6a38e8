# Run by test_on_micropython.py on both Pythons: every figure printed must be the same.
from firmware.errors import Refused
from firmware.therapy import refill
from firmware.therapy.reservoir import STATE_BYTES, Reservoir

reservoir = Reservoir(500, 400)
reservoir.filled(15000000, 7, 1767225600)
for strokes in (7, 8, 26007, 29007, 29999, 40000):
    report = reservoir.report(strokes, 40000, 1767225600 + 45 * 86400)
    print(strokes, [report[name] for name in sorted(report)])
raw = bytearray(STATE_BYTES)
reservoir.pack_into(raw)
print(raw)
for days in (0, 45, 91):
    try:
        reservoir.set_life(days)
    except Refused as error:
        print(error)
filled = refill.net_fill(refill.weighed(47085, 30000), refill.read_off(2000000))
for after_mg in (31000, 40000, 44000):
    residual = refill.weighed(after_mg, 30000)
    for delivered_nl in (50000, 4500000, 13999000):
        found = refill.accuracy(filled, residual, delivered_nl, after_mg == 40000)
        print(found.tenths, found.uncertainty_tenths, refill.BANDS[found.band], found.certain, found.flagged)
