"""pytest plugin that runs the tests on the core in RELEVE_CORE_DIR instead of the one in the repository, or on the
session in RELEVE_SESSION_DIR; RELEVE_SESSION_BUILT is an extension made of it already.

    RELEVE_CORE_DIR=… pytest -p tools.core.other_core …

It is for mutants and for cores broken on purpose. The tests themselves need not know.
"""

import os
from pathlib import Path

from c_ext.host import build as host

_folder = os.environ.get("RELEVE_CORE_DIR")
if _folder:
    host.CORE_DIR = Path(_folder)
    # The default of build()'s first argument was bound when it was defined.
    host.build.__defaults__ = (Path(_folder), *(host.build.__defaults__ or ())[1:])

_session = os.environ.get("RELEVE_SESSION_DIR")
if _session:
    host.SESSION_DIR = Path(_session)
    host.build_session.__defaults__ = (Path(_session), *(host.build_session.__defaults__ or ())[1:])

_built = Path(os.environ.get("RELEVE_SESSION_BUILT", ""))
if _built.name:
    host.build_session = lambda *_args, **_how: _built
