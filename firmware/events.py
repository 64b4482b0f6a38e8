"""The event bits that a board's idle() returns, the same on every board."""

from firmware.compat import const

TIME = const(1)  # the deadline has come
STROKE = const(2)  # a stroke is over, confirmed or not
UART = const(4)  # bytes have arrived on the programmer link
WITHHELD = const(8)  # a rolling cap took a stroke
FAULT = const(16)  # the core has latched a fault
STOP = const(32)  # the bench is done (virtual boards only)
