"""Twin runs: a script is played twice, with and without one thing that must change nothing, or make nothing worse.

Each kind is a module. `WISHES` say what its scripts contain, in turn. `pairs(script, run, draw)` inserts the one thing.
`judge(pair, without, with_it)` yields the differences that are not allowed. `INDEPENDENT` is true if the differences
are separate findings, false if they follow from the first. The modules are written from the specification, in the
plainest form.
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
