"""Replay recorded call sequences on a dose core and say how it did. One program for CPython and for MicroPython:

    python tests/vectors/run_vectors.py [--trace] FILE …
    build/VIRTUAL/micropython tests/vectors/run_vectors.py [--trace] FILE …

A line of a vector file is a call and its expected outcome, all integers: `bolus 1000 5 = 0`. Lines with # are remarks.
`new` begins a sequence with Core's arguments, the motor's four in the middle. `run FROM UNTIL LIMIT` plays a good board
and supervisor (back within the hour; at most LIMIT due strokes started, confirmed, ended, the next permitted) and gives
strokes made, start of the last, and the next due time. `state` is Core.state(). Of it, `ledger KIND` is programmed,
commanded, delivered and abandoned strokes of a kind; `part KIND` id, start, end and reason of a bolus (2 normal,
3 square); `temp` start, end and reason of a temporary basal; `waiting` the strokes owed and not taken (basal,
temporary, square).

After every line the whole state goes into the digest, so equal digests mean equal traces. --trace prints them.
Exit status 1 if an outcome is not the expected one.
"""

import sys

MODULUS = 2147483647
SHOWN = 10
HOUR_US = 3600000000
# Places in Core.state().
LEDGERS, PARTS, TEMP, COMMANDED = 0, 16, 24, 41
WAITING = (37, 38, 40)


def find_core():
    """The native module where there is one, else the cffi face of the same source."""
    try:
        import dosecore as module
    except ImportError:
        sys.path.insert(0, __file__.rsplit("/", 3)[0] if __file__.count("/") > 2 else ".")
        import c_ext.host as module
    return module.Core


class Runner:
    """Plays vectors on cores of one class. `mismatches`, `calls`, `sequences` and `digest` are the result."""

    def __init__(self, core_class, trace=None):
        self.core_class = core_class
        self.core = None
        self.trace = trace
        self.mismatches = []
        self.calls = 0
        self.sequences = 0
        self.digest = 0
        self.strokes = ()

    def mix(self, values):
        digest = self.digest
        for value in values:
            digest = (digest * 1000003 + value + 2) % MODULUS
        self.digest = digest

    def call(self, name, arguments):
        """The outcome of one line, as a tuple of integers."""
        if name == "new":
            self.sequences += 1
            motor = tuple(arguments[3:7])
            self.core = self.core_class(arguments[0], arguments[1], arguments[2], motor, arguments[7], arguments[8])
            return ()
        if name == "run":
            return self.run(arguments[0], arguments[1], arguments[2])
        if name in ("ledger", "part", "temp", "waiting"):
            return self.look(name, self.core.state(), *arguments)
        outcome = getattr(self.core, name)(*arguments)
        if outcome is None:
            return ()
        if isinstance(outcome, tuple):
            return outcome
        return (int(outcome),)

    def look(self, name, state, kind=0):
        if name == "waiting":
            return tuple([state[place] for place in WAITING])
        if name == "temp":
            return tuple(state[TEMP : TEMP + 3])
        first = LEDGERS + 4 * kind if name == "ledger" else PARTS + 4 * (kind - 2)
        return tuple(state[first : first + 4])

    def run(self, now_us, until_us, limit):
        core = self.core
        strokes = 0
        last_us = -1
        core.settle(now_us)
        while limit:
            back_us = max(now_us, min(until_us, now_us + HOUR_US))
            core.promise(now_us, back_us)
            due_us = core.next_us()
            if due_us < 0 or due_us > back_us:
                now_us = back_us
                core.settle(now_us)
                if now_us >= until_us:
                    break
                continue
            limit -= 1
            now_us = max(due_us, now_us)
            action = core.service(now_us)
            if action == 1:
                strokes += 1
                last_us = now_us
                core.confirmed()
                core.ended()
                self.mix((now_us,))
            core.settle(now_us)
            if action == 1:
                core.permit(core.state()[COMMANDED] + 1)
        return (strokes, last_us, core.next_us())

    def line(self, text):
        call, _, expected = text.partition("=")
        words = call.split()
        if not words or words[0] == "#":
            return
        outcome = self.call(words[0], [int(word) for word in words[1:]])
        state = self.core.state()
        self.calls += 1
        self.mix(outcome)
        self.mix(state)
        if self.trace:
            self.trace(call.strip(), outcome, state)
        if outcome != tuple([int(word) for word in expected.split()]):
            self.mismatches.append(f"{call}={expected.rstrip()}, but got {outcome}")

    def file(self, path):
        with open(path) as lines:  # noqa: PTH123  MicroPython has no pathlib
            for text in lines:
                self.line(text)


def main(arguments):
    trace = print if "--trace" in arguments else None
    runner = Runner(find_core(), trace)
    for path in arguments:
        if path != "--trace":
            runner.file(path)
    for mismatch in runner.mismatches[:SHOWN]:
        print("mismatch:", mismatch)
    wrong = len(runner.mismatches)
    print(f"{runner.sequences} sequences, {runner.calls} calls, {wrong} mismatches, digest {runner.digest:08x}")
    return 1 if runner.mismatches or not runner.calls else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
