# Frozen into the BENCH_IO image: own modules, pins, messages, the link's frames, MicroPython's PIO assembler.
package("firmware", ["__init__.py", "compat.py", "link/__init__.py", "link/link.py"], base_path="../..")
TABLE = ("__init__", "cobs", "codec", "crc32c", "framing", "vocabulary")
package("firmware/protocol", [each + ".py" for each in TABLE], base_path="../..")
module("bench_io_messages.py", base_path="../../hil/instruments")
for each in ("agenda", "capture", "main", "open_door", "player", "port", "pressure", "programs", "quick", "service", "_boot"):
    module(each + ".py")
module("rp2.py", base_path="$(PORT_DIR)/modules")
for each in ("pins", "releve_schema"):
    module(each + ".py", base_path="$(RELEVE_GENERATED)")
