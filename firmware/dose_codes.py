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
E_NO_TEMP = const(12)

FAULT_MEMORY = const(6)  # guard_verdict_t
FAULT_COUNT = const(7)
FAULT_STOPPED = const(8)
FAULT_SUPERVISOR = const(9)

WORDS_INTACT = const(2)  # state_invariant_t

TEMP_RATE = const(1)  # Core.temp_basal()
TEMP_PERCENT = const(2)

KIND_BASAL = const(0)
KIND_TEMP = const(1)
KIND_NORMAL = const(2)
KIND_SQUARE = const(3)

# Places in Core.state().
BASAL_COMMANDED = const(1)
BASAL_DELIVERED = const(2)
BASAL_ABANDONED = const(3)
TEMP_COMMANDED = const(5)
TEMP_ABANDONED = const(7)
NORMAL_PROGRAMMED = const(8)
NORMAL_COMMANDED = const(9)
NORMAL_DELIVERED = const(10)
NORMAL_ABANDONED = const(11)
SQUARE_PROGRAMMED = const(12)
SQUARE_COMMANDED = const(13)
SQUARE_DELIVERED = const(14)
SQUARE_ABANDONED = const(15)
NORMAL_END_US = const(18)
NORMAL_REASON = const(19)
SQUARE_END_US = const(22)
TEMP_START_US = const(24)
TEMP_END_US = const(25)
TEMP_REASON = const(26)
SUSPENDED = const(27)
RATE_MU_PER_H = const(28)
BOUNDARY_US = const(29)
BOUNDARY_MU_PER_H = const(30)
TEMP = const(31)
TEMP_VALUE = const(32)
TEMP_UNTIL_US = const(33)
GUARD_COMMANDED = const(41)
GUARD_CONFIRMED = const(42)
GUARD_FAULT = const(44)
IN_FLIGHT = const(48)
ARMED_KIND = const(50)

HOUR = const(0)
DAY = const(1)
