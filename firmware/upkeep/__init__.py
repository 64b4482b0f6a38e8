"""The pump's upkeep: self-test, clocks, battery, and the strokes that its sensor missed."""
