# The firmware as a package, for a board's manifest; without the tables that it has as constants (tools/schema.py) or makes when it needs them.
import os

_NOT_ON_A_BOARD = ("all_procedures.py", "fields.py", "messages.py", "table.py")

_top = os.path.join(os.getcwd(), "..", "firmware")
_files = []
for _folder, _, _names in sorted(os.walk(_top)):
    for _name in sorted(_names):
        if _name.endswith(".py") and not (_folder.endswith("protocol") and _name in _NOT_ON_A_BOARD):
            _files.append(os.path.relpath(os.path.join(_folder, _name), _top))
package("firmware", _files, base_path="..")
