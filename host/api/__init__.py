"""The programming interface to a pump, without a screen: frames, messages, and calls by their names."""
