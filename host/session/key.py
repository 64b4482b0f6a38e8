"""A secret key in this program: it can be used, and cannot be shown by accident.

Implements: SEC-1
"""

from __future__ import annotations

import hmac
from typing import NoReturn

KEY_BYTES = 32


class Key:
    """32 secret bytes. Neither its repr nor its text, nor a traceback or a pickle of what holds it, has any of them."""

    __slots__ = ("__secret",)
    __hash__ = None  # type: ignore[assignment]  # a key is no key of a dict

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(secret)}")
        self.__secret = bytes(secret)

    def secret(self) -> bytes:
        """The bytes, for a cipher or the file of keys."""
        return self.__secret

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and hmac.compare_digest(self.__secret, other.__secret)

    def __repr__(self) -> str:
        return "Key(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")
