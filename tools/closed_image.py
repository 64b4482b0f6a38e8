"""Checks that a release image is closed: nothing in it reads a console, compiles or loads a program (SEC-5).

All from the ELF file, a finding a line:

    no symbol of a prompt, a file system, a compiler, a loader of programs, USB, a console's input
    importing looks for nothing but what is frozen: the port's look-up of files is `return 0` (there is none)
    what is frozen is the firmware of this checkout and the board's own modules, no more and no less
    the digits that set apart a development image (the hello's bit, the bench's role) are not compiled in

Errors: Problem, naming what was found.
"""

import ast
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from tools.console import Problem

# What would have to be there, by a part of a symbol's name; the least of each that no such thing can do without.
FORBIDDEN = {
    "a prompt": r"pyexec_(?:raw|friendly)_repl|readline|readline_process_char|mp_repl_\w+|mp_builtin_input\w*|"
    r"pyb_repl_\w+",
    "a console's input": r"mp_hal_stdin_rx_chr|mp_uart_init|on_uart_rx|stdio_uart\w*|mp_sys_stdin_obj|mp_os_dupterm\w*|"
    r"pyb_uart_repl_\w+",
    "a console's output": r"mp_uart_write_strn|setup_default_uart|mp_sys_stdout_obj|uart_tx_strn",
    "USB": r"tud_\w+|tusb_\w+|mp_usbd_\w+|dcd_\w+|USBD_\w+|pyb_usb_\w+|HAL_PCD_\w+",
    "a file system": r"mp_vfs_\w+|fat_vfs_\w+|mp_fat_vfs_type|mp_type_vfs_\w+|lfs[12]_\w+|f_(?:mount|open|read)|"
    r"mp_builtin_open_obj|mp_module_(?:vfs|io)|storage_readblocks\w*|sdcard_init\w*",
    "a compiler": r"mp_compile\w*|mp_parse|mp_lexer_\w+|mp_builtin_(?:exec|eval|compile|execfile)_obj|"
    r"mp_parse_compile_execute|emit_native_\w+",
    "a loader of programs": r"mp_raw_code_load\w*|mp_reader_\w+|mp_load_dynamic\w*",
    "a way into the boot loader": r"machine_bootloader\w*|mp_machine_bootloader|powerctrl_(?:check_)?enter_bootloader",
}
FROZEN = "frozen_module_"
# What a board freezes beside the firmware, by its port: the families' manifest.py.
OWN = {
    "rp2": {"_boot", "board", "main", "facts", "pins", "releve_schema"},
    "stm32": {"board", "main", "facts", "releve_schema"},
}
_LOOK_UP = "mp_import_stat"
_SUITE = "session_suite"
_DEVELOPMENT = 0x80  # the hello's bit (c_ext/session/session.h)
_RETURN = re.compile(r"\tmovs?\tr0, #(\d+)(?:\t@.*)?\n.*\tbx\tlr")


def symbols(elf: Path) -> set[str]:
    """Return the names of all functions and objects in the image, without what the compiler adds to them."""
    listed = subprocess.run(
        ["arm-none-eabi-nm", "--defined-only", str(elf)], capture_output=True, text=True, check=True
    ).stdout
    return {line.split()[-1].split(".")[0] for line in listed.splitlines() if line}


def frozen(root: Path, port: str) -> set[str]:
    """Return the modules that a pump has frozen into it, as their symbols name them; `port` is its board.toml's."""
    manifest = (root / "boards" / "manifest.py").read_text(encoding="utf-8")
    away = ast.literal_eval(manifest.partition("\n_AWAY = ")[2].splitlines()[0])
    found = set(OWN[port])
    for path in (root / "firmware").glob("**/*.py"):
        if not (path.parent.name == "protocol" and path.stem in away):
            found.add("_".join(path.relative_to(root).with_suffix("").parts))
    return found


def findings(elf: Path, expected: Iterable[str]) -> list[str]:
    """Return what makes the image no closed one, whose frozen modules are to be `expected`; none: it is closed."""
    there = symbols(elf)
    found = []
    for what, pattern in FORBIDDEN.items():
        names = sorted(each for each in there if re.fullmatch(pattern, each))
        if names:
            found.append(f"{what}: {', '.join(names[:3])}{' …' if len(names) > 3 else ''}")
    if (number := _constant(elf, _LOOK_UP)) != 0:
        found.append(f"a look-up of files: {_LOOK_UP} {'does more than return' if number is None else 'finds some'}")
    number = _constant(elf, _SUITE)
    if number is None or number & _DEVELOPMENT:
        found.append(f"a development image's hello: {_SUITE} returns {number}")
    modules = {each.removeprefix(FROZEN) for each in there if each.startswith(FROZEN)}
    found += [f"a frozen module that is not ours: {each}" for each in sorted(modules - set(expected))]
    found += [f"a frozen module is missing: {each}" for each in sorted(set(expected) - modules)]
    return found


def check(elf: Path, root: Path, port: str) -> int:
    """Return the number of frozen modules of a release image. Raises Problem unless it is closed."""
    expected = frozen(root, port)
    found = findings(elf, expected)
    if found:
        raise Problem(f"{elf.name} is no release image (SEC-5); it has\n  " + "\n  ".join(found))
    return len(expected)


def _constant(elf: Path, name: str) -> int | None:
    """Return what a function returns if it does nothing but return a constant, else None."""
    command = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", f"--disassemble={name}", str(elf)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    body = listed.partition(f"<{name}>:\n")[2]
    lines = [line for line in body.splitlines() if line.startswith((" ", "1", "2")) and "\t" in line]
    code = [line for line in lines if "\tnop" not in line]
    match = _RETURN.fullmatch("\n".join(line[line.index("\t") :] if i == 0 else line for i, line in enumerate(code)))
    return int(match[1]) if match else None
