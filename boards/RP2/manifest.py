# Frozen into every RP2040 or RP2350 board's image: the firmware as a package, the board as the module `board`, start-up code.
include("../manifest.py")
module("board.py")
module("_boot.py")
module("main.py", base_path="..")
for each in ("facts", "pins", "releve_schema"):
    module(each + ".py", base_path="$(RELEVE_GENERATED)")
