"""What the board does after a reset: run the pump. A development image leaves it for the console on Ctrl-C."""

import sys
import time

import hardware
import machine

try:
    import firmware.main  # noqa: F401  runs until the end of time
except KeyboardInterrupt:
    hardware.motor_stop()
    hardware.watchdog_off()
except Exception as error:
    # Said on the console, and the board starts anew: whether it doses again is for the stored state to say.
    hardware.motor_stop()
    sys.print_exception(error)  # type: ignore[attr-defined]
    time.sleep_ms(10)  # the UART's last 32 bytes say which
    machine.reset()
