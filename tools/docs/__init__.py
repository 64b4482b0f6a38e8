"""Documentation pages that are generated from the sources."""
