"""What the pump does for itself: self-test, clocks, battery, the strokes that its sensor missed."""
