"""The dose core for CPython: `from c_ext.host import Core, E_TIME`.

Compiles the core on first use (c_ext.host.build). Codes are module attributes, the C names without their part's prefix:
OK, E_TIME …, KIND_BASAL …, REASON_COMPLETED …, the actions NOTHING, STROKE, WITHHELD, FAULT, and the guard's verdicts.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from c_ext.host.face import DAY, HOUR, MOTOR, Core, bind
    from c_ext.host.names import STATE_FIELDS

__all__ = ["DAY", "HOUR", "MOTOR", "STATE_FIELDS", "Core", "bind"]


def __getattr__(name: str) -> Any:
    """Core and the codes, bound on first use: c_ext.host.build must be importable before there is an extension."""
    if name.startswith("__") or name in ("build", "face", "names"):
        raise AttributeError(name)
    from c_ext.host import face, names

    if "Core" not in globals():
        core = face.bind_default()
        globals().update(names.constants(core.module), Core=core, STATE_FIELDS=names.STATE_FIELDS)
        globals().update({each: getattr(face, each) for each in ("DAY", "HOUR", "MOTOR", "bind")})
    if name not in globals():
        raise AttributeError(f"module 'c_ext.host' has no attribute {name!r}")
    return globals()[name]
