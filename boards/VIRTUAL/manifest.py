# Frozen into the VIRTUAL board's program: the firmware as a package, this board as the module `board`, what the build made.
include("../manifest.py")
module("board.py")
for each in ("facts", "releve_schema"):
    module(each + ".py", base_path="$(RELEVE_GENERATED)")
