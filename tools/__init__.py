"""Build tooling: `python3 -m tools.bootstrap`, `tools.micropython`, `tools.lock`. Standard library only."""
