# The firmware as a package, for a board's manifest; without the tables that a board has as constants (tools/schema.py)
# or makes when it needs them.
import glob

_AWAY = ("all_procedures.py", "fields.py", "key_fields.py", "messages.py", "table.py")
_NOT_ON_A_BOARD = {"protocol/" + _name for _name in _AWAY}
_FILES = set(glob.glob("**/*.py", root_dir="../firmware", recursive=True)) - _NOT_ON_A_BOARD
package("firmware", sorted(_FILES), base_path="..")
