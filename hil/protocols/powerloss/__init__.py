"""Power lost at every write and at every exchange of a scripted life, and again while the pump recovers (STORE-2).

One life is traced: every write to the non-volatile memory with its bytes, every exchange with its time. From that the
memory at each cut is put together, and a board is started on it, once for each cut: script.py, traced.py, cuts.py,
restart.py, run.py, in this order.
"""
