"""The image's own SHA-256, worked out on the device from its flash.

The digest covers the whole image with the 32 bytes that hold it taken as zero (tools/ports/image.py writes it there).

Implements: SELF-1
"""

import hashlib

from firmware.compat import const

DIGEST_BYTES = const(32)
_CHUNK = const(4096)


def image_digest(flash, digest_at):
    """SHA-256 in hex digits of `flash`, a memoryview of the whole image, whose digest lies at `digest_at`."""
    digest = hashlib.sha256()
    _feed(digest, flash, 0, digest_at)
    digest.update(bytes(DIGEST_BYTES))
    _feed(digest, flash, digest_at + DIGEST_BYTES, len(flash))
    return "".join(["%02x" % each for each in digest.digest()])


def _feed(digest, flash, start, end):
    # In chunks: a board's hash may need its input in RAM.
    while start < end:
        stop = min(start + _CHUNK, end)
        digest.update(flash[start:stop])
        start = stop
