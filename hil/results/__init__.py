"""What a run has found, in figures: measurements against limits, statistics, and the files that hold them."""
