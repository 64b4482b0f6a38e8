"""Builds of a board, by MicroPython port."""
