"""The pump's upkeep: self-test, clocks, battery, hourly look around, failures, strokes that its sensor missed."""
