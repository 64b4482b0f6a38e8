"""The session in C on other primitives: BearSSL's in place of mbedTLS's, everything above them the same."""

from __future__ import annotations

import shutil
from pathlib import Path

from c_ext.host.build import SESSION_DIR, Library, build, load
from c_ext.host.session_face import Session, bind

_HERE = Path(__file__).parent
_BEARSSL = Library("_releve_session_bearssl", "bearssl")
# The library is named before the objects that need it.
_FLAGS = "-O2 -g -Wl,--no-as-needed -lbearssl"


def second_class(folder: Path) -> type[Session]:
    """Return the session's class on BearSSL's primitives; `folder` is an empty one. Raises BuildError."""
    for each in SESSION_DIR.glob("*.[ch]"):
        shutil.copy(each, folder)
    shutil.copytree(_HERE / "bearssl", folder / "bearssl")
    return bind(load(build(folder, cflags=_FLAGS, library=_BEARSSL)))
