"""Drivers for a board's parts, each with the few methods that the pump calls."""
