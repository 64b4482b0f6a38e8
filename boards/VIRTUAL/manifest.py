# Frozen into the VIRTUAL board's program: the firmware as a package, and this board as the module `board`.
package("firmware", base_path="../..")
module("board.py")
