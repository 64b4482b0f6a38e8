"""Random therapy on a virtual board: scripts as data, a player, and records of the runs (HIL-5)."""
