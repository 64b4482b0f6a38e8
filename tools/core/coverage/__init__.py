"""Branch and MC/DC coverage of the dose core, and what no input can reach."""
