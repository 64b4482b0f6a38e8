"""Therapy: the requests of a person, a pattern or a closed loop, passed to the dose core."""
