"""The messages between a virtual board and its bench; boards/VIRTUAL/benchlink/benchlink.h is the other side.

The device sends a request and blocks; the bench replies when something has happened. Both are 24 bytes, little endian,
and may be followed by UART bytes. A test compares every number here with the header.
"""

from __future__ import annotations

import struct

VERSION = 1

HELLO = 1
IDLE = 2
BYE = 3

# Request flags
STROKE = 1
SENSE = 2
ABORT = 4

# Reply flags
EDGE = 1
STOP = 2

# What a person shows, in a reply
PRESENCE = 1

NEVER_US = 0xFFFFFFFFFFFFFFFF

REQUEST = struct.Struct("<BBHHHQII")  # type, flags, sequence, uart bytes, steps, until µs, duration µs, reserved
REPLY = struct.Struct("<BBHHHQQ")  # type, flags, sequence, uart bytes, pressure counts, now µs, shown

# Longest request: the device's UART buffer and the struct.
REQUEST_BYTES_MAX = REQUEST.size + 1024
