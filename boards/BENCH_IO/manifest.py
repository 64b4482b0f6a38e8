# Frozen into the BENCH_IO image: own modules, pins, messages, the link's frames, MicroPython's PIO assembler.
LINK = ("cobs.py", "codec.py", "compat.py", "crc32c.py", "layouts.py", "link.py", "protocol.py", "vocabulary.py")
package("firmware", ("__init__.py",) + LINK, base_path="../..")
module("bench_io_messages.py", base_path="../../hil/instruments")
for each in ("agenda", "capture", "main", "player", "port", "pressure", "programs", "quick", "service", "_boot"):
    module(each + ".py")
module("rp2.py", base_path="$(PORT_DIR)/modules")
module("pins.py", base_path="$(RELEVE_GENERATED)")
