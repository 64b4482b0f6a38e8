# The firmware as a package, for a board's manifest; without the tables that a board has as constants (tools/schema.py)
# or makes when it needs them, and the link's frames, which it has in C.
import glob

_AWAY = ("all_procedures", "cobs", "crc32c", "fields", "framing", "key_fields", "messages", "table")
_NOT_ON_A_BOARD = {"protocol/%s.py" % _name for _name in _AWAY}
_FILES = set(glob.glob("**/*.py", root_dir="../firmware", recursive=True)) - _NOT_ON_A_BOARD
package("firmware", sorted(_FILES), base_path="..")
