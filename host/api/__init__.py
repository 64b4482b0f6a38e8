"""What a program says to a pump and hears from it, without a screen: frames, messages, and calls by their names."""
