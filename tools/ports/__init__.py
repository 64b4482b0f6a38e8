"""How a board is built, by MicroPython port."""
