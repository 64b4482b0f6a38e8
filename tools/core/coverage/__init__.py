"""Branch and MC/DC coverage of the dose core, and the justified gaps."""
