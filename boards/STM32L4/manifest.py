# Frozen into the image of every STM32L4 board: the firmware as a package, the board as the module `board`, what runs first.
package("firmware", base_path="../..")
module("board.py")
module("main.py", base_path="../RPI_PICO")
for each in ("pins", "releve_schema"):
    module(each + ".py", base_path="$(RELEVE_GENERATED)")
