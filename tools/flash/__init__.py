"""Writes a board's image to the board, then asks it over the programmer link which image it runs."""
