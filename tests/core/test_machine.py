"""Any sequence of calls whatsoever leaves the core where the exact model is."""

import pytest

from c_ext.host import Core
from tests.core.machine import machine

TestCore = machine(Core).TestCase
TestCore.pytestmark = [pytest.mark.req(each) for each in ("DOSE-1", "DOSE-2", "DOSE-4", "DOSE-5", "DOSE-8", "GUARD-1")]
