"""A pump to play with: paced to the wall clock, its programmer link open to anybody, its world open to faults."""
