"""pytest plugin that runs the tests on the core in RELEVE_CORE_DIR instead of the one in the repository.

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
