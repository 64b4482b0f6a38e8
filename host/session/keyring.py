"""The key that a conversation opens its sessions with: read when a pump asks for it, kept up when it was rotated.

Implements: SEC-1
"""

from __future__ import annotations

from dataclasses import replace

from host.session import keys
from host.session.keys import Identity


class Keyring:
    """One key, by its name in this computer's folder of keys, or given as `identity`, which is then kept nowhere.
    Without either it is the usual one.
    """

    def __init__(self, name: str | None = None, identity: Identity | None = None) -> None:
        self.name = name if name is not None else keys.usual() if identity is None else identity.name
        self._identity = identity
        self._kept = identity is None

    @property
    def there(self) -> bool:
        """Is there such a key, in this computer's folder?"""
        return self._identity is not None or keys.place(self.name).exists()

    def identity(self) -> Identity:
        """Return the key and what belongs to it. Raises NoKey, KeyFileError."""
        if self._identity is None:
            self._identity = keys.load(self.name)
        return self._identity

    def ephemeral(self) -> bytes | None:
        """The private key of the next handshake; None: it is drawn. A bench, whose runs repeat, has its own."""
        return None

    def rotating(self, new: Identity) -> None:
        """Keep the next key that the device has drawn, beside the one that still holds. Raises KeyFileError."""
        self._keep(new)

    def rotated(self) -> None:
        """The next key has opened a session: it is the key from now on, of the next generation. Raises KeyFileError."""
        old = self.identity()
        if old.next is not None:
            generation = (old.generation + 1) % keys.GENERATIONS
            self._keep(replace(old, key=old.next, next=None, generation=generation))

    def _keep(self, identity: Identity) -> None:
        if self._kept:
            keys.save(identity, replace=True)
        self._identity = identity
