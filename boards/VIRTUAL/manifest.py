# Frozen into the VIRTUAL board's program: the firmware as a package, this board as the module `board`, the link's schema hash.
package("firmware", base_path="../..")
module("board.py")
module("releve_schema.py", base_path="$(RELEVE_GENERATED)")
