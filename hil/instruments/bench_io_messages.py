"""The bench I/O board's messages, shared by the board and the host: numbers, layouts, meanings.

The frames are the programmer link's (docs/protocol.md). The board sends replies to requests and nothing else. A reply
has the request's number plus 0x80; a refusal is 0xFF with the request's number and a reason. All numbers are little
endian. The file is written for MicroPython and CPython: boards/BENCH_IO freezes this very file.

Times called `_us` count from the board's start. Words of edges are counts of 5 MHz that run down from 0xFFFFFFFE
(boards/BENCH_IO/capture.py); `moment` is such a time as a rising 64-bit count.
"""

VERSION = 1

HELLO = 1
STATUS = 2
EDGES = 3
SENSOR = 4
PRESSURE = 5
POWER = 6
CLEAR = 7
QUIT = 8

REPLY_BIT = 0x80
REFUSAL = 0xFF
REASONS = ("", "unknown message", "wrong length", "value out of range", "no room left")
UNKNOWN_MESSAGE, WRONG_LENGTH, OUT_OF_RANGE, NO_ROOM = range(1, 5)

INPUTS = ("STEP", "MOTOR_ENABLE", "DIR", "POWER")
EDGE_WORDS_MAX = 56

# Version, counts a second, places in the ring of each input.
HELLO_REPLY = "<BIIIII"
# now_us; edges seen on each input; levels (bit n: input n); power on; time of the last switch (µs); pressure output
# (counts). Since the last CLEAR: times that a PIO could not hand over a word, frames dropped, errors on the I2C bus,
# greatest lateness of an entry of the agenda (µs).
STATUS_REPLY = "<QIIIIBBQHIIII"
# Input, number of the first edge wanted.
EDGES_REQUEST = "<BI"
# Number of the first edge sent, edges seen by now, a moment (count) after all of the edges sent; then their words.
EDGES_REPLY = "<IIQ"
# 1: start over at the end of the list; then turns.
SENSOR_REQUEST = "<B"
# Steps, delay after the last of them (µs), pulse.
TURN = "<HIB"
# 1: drop the entries still to come; then entries.
PRESSURE_REQUEST = "<B"
# Time (µs, 0: now), counts.
ENTRY = "<QH"
# Free places left.
PRESSURE_REPLY = "<B"
# Time (µs, 0: now), on.
POWER_REQUEST = "<QB"
