"""Therapy: what a person, a pattern or a closed loop has asked for, put before the dose core."""
