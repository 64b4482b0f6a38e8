"""The parts that a board is made of, each behind the few methods that the pump calls."""
