"""A card's code read from a picture of it: a photo, a scan, or what `pump card new --png` has written.

Reading pictures takes two libraries that nothing else needs (the extra "picture" of pyproject.toml). What a code says
is told to nobody: it may be a key.

Implements: SEC-1, SEC-2
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path

from host.session.errors import CardError
from host.session.key import Key
from host.text import Text

MOST_BYTES = 64 << 20  # of a picture's file
_MOST_PIXELS = 120_000_000  # a quarter of a gigabyte while it is read
_KINDS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
_UNREADABLE = "the picture {} is damaged, cut short, or of a kind that is not read here: take a PNG or a JPEG"
_NO_LIBRARY = (
    "reading the code of the picture {} takes the packages pillow and zxing-cpp, which are not installed. Install them,"
    " or type the letters that any QR reader shows"
)
_NO_CODE = "no QR code is found in the picture {}: take it sharp, straight and whole, or type the card's letters"


def read(path: Path, content: bytes, key_of: Callable[[str], Key]) -> Key:
    """Return the key of the card whose code is in the picture `content`; `key_of` reads letters. Raises CardError."""
    found: list[Key] = []
    codes = _codes(path, content)
    if not codes:
        raise CardError(Text(_NO_CODE, path))
    for each in codes:
        try:
            key = key_of(each)
        except CardError:
            continue  # its words would tell of what the code says
        if key not in found:
            found.append(key)
    if not found:
        raise CardError(Text("the code in the picture {} is not that of a card", path))
    if len(found) > 1:
        raise CardError(Text("there are codes of several cards in the picture {}: cut out one", path))
    return found[0]


def _codes(path: Path, content: bytes) -> list[str]:
    """The texts of the QR codes in a picture."""
    try:
        import zxingcpp  # pictures alone need both
        from PIL import Image
    except ImportError as error:
        raise CardError(Text(_NO_LIBRARY, path)) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its size, which is looked at here
            picture = Image.open(io.BytesIO(content), formats=_KINDS)
            if picture.width * picture.height > _MOST_PIXELS:
                text = "the picture {} is larger than {} million pixels"
                raise CardError(Text(text, path, _MOST_PIXELS // 1_000_000))
            grey = picture.convert("L")
            if picture.has_transparency_data:
                seen = Image.new("RGBA", picture.size, "white")
                seen.alpha_composite(picture.convert("RGBA"))
                grey = seen.convert("L")
    except CardError:
        raise
    except Exception as error:  # whatever a library makes of bytes that are no picture
        raise CardError(Text(_UNREADABLE, path)) from error
    return [each.text for each in zxingcpp.read_barcodes(grey, formats=zxingcpp.barcode_formats_from_str("QRCode"))]
