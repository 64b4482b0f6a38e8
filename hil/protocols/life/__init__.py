"""Eight years of one pump's life on a virtual board: the real firmware, lived in logical time, checked every day."""
