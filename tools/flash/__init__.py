"""Writes a board's image to the board and asks it over the programmer link what runs then."""
