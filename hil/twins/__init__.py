"""Twin runs: a script played twice, with and without one thing that may change nothing, or nothing for the worse.

Each is a module: `WISHES` say what its scripts hold, in turn, `pairs(script, run, draw)` puts the one thing in,
`judge(pair, without, with_it)` says what differs that may not, `INDEPENDENT` whether its differences are several
findings, or follow from the first. They are written from the specification, in the plainest form.
"""

from types import ModuleType

from hil.twins import asked, clock, refused, reset, safer

TWINS: dict[str, ModuleType] = {
    "safer": safer,
    "refused": refused,
    "reset": reset,
    "asked": asked,
    "clock": clock,
}
