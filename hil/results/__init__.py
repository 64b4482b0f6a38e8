"""The results of a run: measurements against limits, statistics, and the files that hold them."""
