"""Mutation testing of the project's Python: firmware, programmer, and the judges of the bench.

sites.py says where a line can be broken, covering.py which tests run it, worker.py lets them judge one mutant, and
__main__.py is the command. The dose core's C has an engine of its own (tools/core/mutation/gate.py).
"""
