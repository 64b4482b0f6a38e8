"""The session in C as a Python class, with the methods of the MicroPython module `session`.

It is thin on purpose: every method is one call into C. Times are µs of the device's clock. A key is in the C context
alone; only a record's buffer, which storage fills and stores in place, shows it.
"""

from types import ModuleType
from typing import Any

from c_ext.host.build import build_session, load

OPENED, REFUSED, SILENT, ERROR = 1, 0, -1, -2
AGAIN, NOT_OPEN, DROP = -1, -2, -3
ROLES = ("none", "patient", "clinician", "service", "card", "provision", "bench")
COUNTS = ("hellos", "opened", "refused", "starved", "stale", "frames_bad", "frames_repeated", "frames_old")
SLOTS = 8
TELEMETRY = 0xFE


class Session:
    """The device's side of the session. Implements: SEC-1, SEC-2, SEC-4 (in C; nothing is decided here)."""

    module: ModuleType  # set by bind()

    def __init__(self, schema_hash: bytes, suite: int) -> None:
        """schema_hash: 8 bytes, little-endian; suite: as in the hello. Raises ValueError for others."""
        if len(schema_hash) != 8 or not 0 <= suite <= 255:
            raise ValueError(f"schema hash of 8 bytes and suite of one expected, not {len(schema_hash)} and {suite}")
        self._ffi, self._lib = self.module.ffi, self.module.lib
        self.c: Any = self._ffi.new("session_t *")
        self._id = self._ffi.new("uint8_t *")
        self._lib.session_init(self.c, schema_hash, suite)

    def _slot(self, slot: int) -> int:
        if not 0 <= slot < SLOTS:
            raise ValueError(f"slot 0 … {SLOTS - 1} expected, not {slot}")
        return slot

    def record(self, slot: int) -> Any:
        """Image of the slot's record: sequence 4, payload 86, CRC-32 4; the C context's own memory."""
        return self._ffi.buffer(self._lib.session_record(self.c, self._slot(slot)), self._lib.SLOT_IMAGE_BYTES)

    def seed_record(self) -> Any:
        """Image of the seed's record: sequence 4, payload 44, CRC-32 4; the C context's own memory."""
        return self._ffi.buffer(self._lib.session_seed_record(self.c), self._lib.SESSION_SEED_IMAGE_BYTES)

    def load(self, slot: int) -> int:
        """Take the record that lies in the image into use; its role, or 0: free, or senseless and wiped."""
        return int(self._lib.session_load(self.c, self._slot(slot)))

    def wipe(self, slot: int) -> None:
        """Overwrite the slot's payload and end its session; the caller stores the record."""
        self._lib.session_wipe(self.c, self._slot(slot))

    def fresh_key(self, slot: int, role: int = 0, label: bytes = b"", next: bool = False) -> bool:
        """Draw a new programmer's key, or the slot's next one; false if refused. The caller stores the record."""
        if next:
            return bool(self._lib.session_rotate(self.c, self._slot(slot)))
        return bool(self._lib.session_enrol(self.c, self._slot(slot), role & 0xFF, label, len(label)))

    def promote(self, slot: int) -> bool:
        """The slot has been used; was the session opened with its next key, that is now the key. True: store it."""
        return bool(self._lib.session_promote(self.c, self._slot(slot)))

    def renew(self, noise: bytes) -> None:
        """Take the record's seed into use and replace it there; after it is stored, ready()."""
        self._lib.session_renew(self.c, noise, len(noise))

    def ready(self) -> bool:
        """The renewed seed is stored: random numbers may be drawn. False if it was not renewed."""
        return bool(self._lib.session_ready(self.c))

    def provision(self, host_seed: bytes, noise: bytes) -> bool:
        """Mix in the programmer's 32 bytes and draw the record's seed, and the device's id if it has none."""
        if len(host_seed) != 32:
            raise ValueError(f"seed of 32 bytes expected, not {len(host_seed)}")
        return bool(self._lib.session_provision(self.c, host_seed, noise, len(noise)))

    def stir(self, data: bytes) -> None:
        """Mix data into the generator."""
        self._lib.session_stir(self.c, data, len(data))

    def device_id(self) -> bytes:
        """Eight bytes, all 0 before provisioning."""
        start = self._lib.SLOT_PAYLOAD + self._lib.RANDOM_DEVICE
        return bytes(self.seed_record()[start : start + 8])

    def hello(self, now_us: int, presence: bool = False) -> bytes | None:
        """The challenge for the answer, or None for silence; with presence there is an answer in any flood."""
        challenge = self._ffi.new("uint8_t[8]")
        return bytes(challenge) if self._lib.session_hello(self.c, now_us, presence, challenge) else None

    def spare(self) -> bool:
        """Make the key pair of the next opening; false if there is one or no random numbers."""
        return bool(self._lib.session_spare(self.c))

    def accept(self, now_us: int, presence: bool, provisioning: bool, payload: bytes, reply: bytearray) -> int:
        """OPENED with the reply's 61 bytes, REFUSED, SILENT or ERROR; ValueError if the reply has no room."""
        if len(reply) < self._lib.SESSION_REPLY_BYTES:
            raise ValueError(f"reply of {self._lib.SESSION_REPLY_BYTES} bytes expected, not {len(reply)}")
        opening = bytearray(payload)
        there = self._ffi.from_buffer(opening), len(opening), self._ffi.from_buffer(reply)
        return int(self._lib.session_accept(self.c, now_us, presence, provisioning, *there))

    def open(self, now_us: int, sequence: int, message_id: int, frame: Any) -> int:
        """Decrypt counter | ciphertext | tag in place; length of the text at frame[4:], AGAIN, NOT_OPEN or DROP."""
        there = self._ffi.from_buffer(frame, require_writable=True)
        return int(self._lib.session_open(self.c, now_us, (sequence, message_id), there, len(frame)))

    def again(self, out: Any) -> int:
        """Copy the reply to the last request, counter | ciphertext | tag; its length. `out` holds 247 bytes."""
        if len(out) < self._lib.FRAMES_PAYLOAD_MAX:
            raise ValueError(f"buffer of {self._lib.FRAMES_PAYLOAD_MAX} bytes expected, not {len(out)}")
        return int(self._lib.session_again(self.c, self._ffi.from_buffer(out, require_writable=True), self._id))

    def reply_id(self) -> int:
        """Message id of the reply to the last request, 0 if there is none."""
        return int(self.c.reply_id)

    def seal(self, now_us: int, sequence: int, message_id: int, out: Any, n: int, hand_out: int = -1) -> int:
        """Seal out[4:4+n] in place, as counter | ciphertext | tag; its length, or 0 if it cannot be (session.h)."""
        if n < 0 or len(out) < n + self._lib.FRAMES_OVERHEAD_BYTES:
            raise ValueError(f"room for {n} + {self._lib.FRAMES_OVERHEAD_BYTES} bytes expected, not {len(out)}")
        there = self._ffi.from_buffer(out, require_writable=True)
        return int(self._lib.session_seal(self.c, now_us, (sequence, message_id), there, n, hand_out))

    def role(self) -> int:
        """Role of the live session, 0 if there is none."""
        return int(self.c.live.role)

    def slot(self) -> int:
        """Slot of the live session, 255 if there is none."""
        return int(self.c.live.slot)

    def number(self) -> int:
        """Number of the live session, 0 if there is none."""
        return int(self.c.live.number)

    def used_next(self) -> bool:
        """Whether the live session was opened with the slot's next key, which is not the key yet."""
        return bool(self.c.live.next)

    def live(self, now_us: int) -> bool:
        """Whether there is a session; ends one that is idle or old."""
        return bool(self._lib.session_live(self.c, now_us))

    def forget(self) -> None:
        """End every session."""
        self._lib.session_forget(self.c)

    def counts(self) -> tuple[int, ...]:
        """Counters since the boot, in the order of COUNTS."""
        return tuple(int(getattr(self.c.counts, name)) for name in COUNTS)


def bind(module: ModuleType) -> type[Session]:
    """Return a Session class on this extension; several variants may be in use side by side."""
    return type("Session", (Session,), {"module": module})


def bind_default() -> type[Session]:
    """Return the class on an extension built from the present sources."""
    return bind(load(build_session()))
