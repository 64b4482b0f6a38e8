"""Power lost at every write and at every exchange of a scripted life, and again during recovery (STORE-2).

One life is traced: every write to the non-volatile memory with its bytes, every exchange with its time. From the trace
the memory at each cut is reconstructed, and for each cut a board is started on it. The modules in order of use:
script.py, traced.py, cuts.py, restart.py, run.py.
"""
