# For MicroPython: runs the statements that come in on standard input, one a line, and prints what each leaves in `r`.
import sys

from session import Session

names = {"Session": Session}
while True:
    line = sys.stdin.readline()
    if not line:
        break
    names["r"] = None
    try:
        exec(line, names)
    except Exception as error:
        names["r"] = error.__class__.__name__
    print(repr(names["r"]))
