"""The dose core's codes as the supervisor needs them. Source: c_ext/core/dose.h, guard.h; a test compares them."""

from firmware.compat import const

OK = const(0)
E_TIME = const(1)
E_RANGE = const(2)
E_SUSPENDED = const(3)
E_RUNNING = const(4)
E_BUSY = const(5)
E_NO_BOLUS = const(6)
E_MAX_BASAL = const(7)
E_MAX_BOLUS = const(8)
E_HOUR_CAP = const(9)
E_DAY_CAP = const(10)
E_FAULT = const(11)

# Places in Core.state().
BASAL_COMMANDED = const(0)
BASAL_DELIVERED = const(1)
BASAL_ABANDONED = const(2)
BOLUS_PROGRAMMED = const(4)
BOLUS_COMMANDED = const(5)
BOLUS_DELIVERED = const(6)
BOLUS_ABANDONED = const(7)
BOLUS_START_US = const(8)
BOLUS_END_US = const(9)
BOLUS_REASON = const(10)
SUSPENDED = const(11)
RATE_MU_PER_H = const(12)
GUARD_COMMANDED = const(18)
GUARD_CONFIRMED = const(19)
GUARD_FAULT = const(21)
IN_FLIGHT = const(23)

KIND_BASAL = const(1)
KIND_NORMAL = const(2)

HOUR = const(0)
DAY = const(1)
