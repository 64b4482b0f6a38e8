# Frozen into the RPI_PICO image: the firmware as a package, this board as the module `board`, its pins, start-up code.
package("firmware", base_path="../..")
module("board.py")
module("main.py")
module("_boot.py")
for each in ("pins", "releve_schema"):
    module(each + ".py", base_path="$(RELEVE_GENERATED)")
