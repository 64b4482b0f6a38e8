"""Mutation testing of the project's Python: firmware, programmer, and the judges of the bench.

sites.py finds the places where a line can be broken, covering.py the tests that run it. worker.py lets these tests
judge one mutant, judges.py runs the workers, and __main__.py is the command. The dose core's C has its own engine
(tools/core/mutation/gate.py).
"""
