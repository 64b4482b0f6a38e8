"""Random therapy on a virtual board: scripts as data, a player, and what was seen (HIL-5)."""
