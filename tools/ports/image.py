"""The image's identity: SHA-256 over the whole binary, with the 32 bytes that hold the digest taken as zero.

The digest is written into the image itself (symbol `releve_image_digest`, c_ext/board/image.c), which reports it over
the programmer link, and into firmware.json beside the image, so that a bench can compare. It covers everything that is
flashed. So equal digests mean equal images, whoever built them, and the device can compute it from its own flash.
"""

import hashlib
import json
import struct
import subprocess
from pathlib import Path

from tools.console import Problem

SYMBOL = "releve_image_digest"
DIGEST_BYTES = 32
_PROGRAM_HEADER = "<8I"


def symbol_address(elf: Path, name: str) -> int:
    """Return the address of the symbol. Raises Problem if the ELF file has none."""
    listed = subprocess.run(["arm-none-eabi-nm", str(elf)], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        words = line.split()
        if len(words) == 3 and words[2] == name:
            return int(words[0], 16)
    raise Problem(f"{elf} has no symbol {name}")


def file_offset(elf: bytes, address: int) -> int:
    """Return the offset in a 32-bit ELF file of the byte at `address` in flash. Raises Problem if there is none."""
    table, size, count = struct.unpack_from("<I", elf, 28)[0], *struct.unpack_from("<HH", elf, 42)
    for each in range(count):
        kind, offset, _, physical, in_file, *_ = struct.unpack_from(_PROGRAM_HEADER, elf, table + each * size)
        if kind == 1 and physical <= address < physical + in_file:
            return int(offset + address - physical)
    raise Problem(f"no segment of the ELF file holds address {address:#x}")


def digest_of(binary: bytes, place: int) -> bytes:
    """Return the image's SHA-256, with the bytes that hold it taken as zero."""
    blank = binary[:place] + bytes(DIGEST_BYTES) + binary[place + DIGEST_BYTES :]
    return hashlib.sha256(blank).digest()


def seal(out: Path, flash_address: int, board: str) -> str:
    """Write the digest into out/firmware.bin and firmware.elf, and into firmware.json. Return it in hex."""
    address = symbol_address(out / "firmware.elf", SYMBOL)
    binary = bytearray((out / "firmware.bin").read_bytes())
    place = address - flash_address
    digest = digest_of(bytes(binary), place)
    binary[place : place + DIGEST_BYTES] = digest
    (out / "firmware.bin").write_bytes(binary)
    elf = bytearray((out / "firmware.elf").read_bytes())
    offset = file_offset(bytes(elf), address)
    elf[offset : offset + DIGEST_BYTES] = digest
    (out / "firmware.elf").write_bytes(elf)
    _tell(out, {"board": board, "image": digest.hex(), "bytes": len(binary), "digest_address": address})
    return digest.hex()


def describe(out: Path, board: str) -> str:
    """Write firmware.json for an image without a digest of its own: SHA-256 of all of it. Return it in hex."""
    binary = (out / "firmware.bin").read_bytes()
    digest = hashlib.sha256(binary).hexdigest()
    _tell(out, {"board": board, "image": digest, "bytes": len(binary)})
    return digest


def _tell(out: Path, facts: dict[str, object]) -> None:
    (out / "firmware.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
