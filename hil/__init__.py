"""The bench: a pump on a plant, instruments that watch it, protocols that judge it, and the report."""
