"""All procedures at once, for the programmer, the bench and the pages; a board makes the one it needs.

Implements: THER-5
"""

from firmware.protocol.procedures import COUNT, procedure

PROCEDURES = tuple([procedure(number) for number in range(1, COUNT + 1)])
BY_NUMBER = {each.number: each for each in PROCEDURES}
