# Run by test_on_micropython.py on both Pythons: every figure printed must be the same.
from firmware.protocol import refill
from firmware.therapy.reservoir import Reservoir, lasts_s, level_of

reservoir = Reservoir(500, 400)
reservoir.filled_nl, reservoir.strokes_at_fill = 15000000, 7
reservoir.filled_utc_s, reservoir.life_days = 1767225600, 45
for strokes in (7, 8, 26007, 29007, 29999, 40000):
    left_mu = reservoir.left_mu(strokes)
    level = level_of(left_mu, (800000, 400000, 200000))
    print(strokes, left_mu, level, lasts_s(left_mu, 200000, 40000), reservoir.due(1767225600 + 45 * 86400, 44 * 86400))
filled = refill.net_fill(refill.weighed(47085, 30000), refill.read_off(2000000))
for after_mg in (31000, 40000, 44000):
    residual = refill.weighed(after_mg, 30000)
    for delivered_nl in (50000, 4500000, 13999000):
        found = refill.accuracy(filled, residual, delivered_nl, after_mg == 40000)
        print(found.tenths, found.uncertainty_tenths, refill.BANDS[found.band], found.certain, found.flagged)
