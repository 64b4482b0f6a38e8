"""Any sequence of calls whatsoever leaves the core where the exact model is."""

import pytest

from c_ext.host import Core
from tests.core.machine import machine

TestCore = machine(Core).TestCase
# A minute is too little for so many examples on a machine that has other things to do.
TestCore.pytestmark = [
    *[pytest.mark.req(each) for each in ("DOSE-1", "DOSE-2", "DOSE-4", "DOSE-5", "DOSE-8", "GUARD-1")],
    pytest.mark.timeout(600),
]
