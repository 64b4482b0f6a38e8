"""The door of the link: what a frame must pass to be heard, and how a reply leaves.

Two messages are plain, hello and open, by which a programmer opens a session. All others are sealed in it. What is not
of the live session gets one constant answer, which tells nothing, or none.

Implements: SEC-1, SEC-4, LINK-1
"""

from firmware import protocol
from firmware.compat import const
from firmware.errors import FirmwareError

HELLO = const(0x01)
OPEN = const(0x05)
VERSION = const(1)
_COUNTER_BYTES = const(4)  # in front of the text of a sealed frame
_NOT_OPEN = const(-2)  # of the C session: answer that there is no session
_AGAIN = const(-1)  # the request has come before: send the stored reply
_OPENED = const(1)
_REFUSED = const(0)
_PROVISIONING = const(0x0F)  # the slot of the key that everybody knows


class Door:
    """Passes requests of the session `sealed` to `commands`, and its replies out; `keyring`, `presence` and `pump` are
    its parts, `counters` those of the link, `suite` the byte that its hello tells.
    """

    def __init__(self, sealed, keyring, presence, pump, commands, suite):
        self._sealed = sealed
        self._keyring = keyring
        self._presence = presence
        self._pump = pump
        self._commands = commands
        self._counters = commands.counters
        self._suite = suite
        self._number = 0  # of the session that was heard last

    def take(self, sequence, message_id, payload, out):
        """Handle the request in `payload`, which is overwritten, and put the reply's payload into `out`.

        Returns (message id of the reply, its bytes); (0, 0) for silence.
        """
        if message_id == HELLO:
            return self._hello(payload, out)
        if message_id == OPEN:
            return self._open(payload, out)
        sealed = self._sealed
        length = sealed.open(self._pump.now_us(), sequence, message_id, payload)
        if length == _AGAIN:
            length = sealed.again(out)
            return sealed.reply_id(), length
        if length < 0:
            self._counters.frames_forged += 1
            return self._refuse(message_id, out) if length == _NOT_OPEN else (0, 0)
        if sealed.number() != self._number:
            self._begun()
        reply_id, reply = self._commands.handle(message_id, payload[_COUNTER_BYTES : _COUNTER_BYTES + length])
        hand_out, self._keyring.hand_out = self._keyring.hand_out, -1
        return reply_id, self._seal(sequence, reply_id, reply, out, hand_out)

    def tell(self, message_id, payload, out):
        """Seal an unasked message into `out`; returns its bytes, 0 if there is no session to hear it."""
        if not self._sealed.live(self._pump.now_us()):
            return 0
        return self._seal(0, message_id, payload, out, -1)

    def _seal(self, sequence, message_id, payload, out, hand_out):
        length = len(payload)
        out[_COUNTER_BYTES : _COUNTER_BYTES + length] = payload
        return self._sealed.seal(self._pump.now_us(), sequence, message_id, out, length, hand_out)

    def _hello(self, payload, out):
        challenge = self._sealed.hello(self._pump.now_us(), self._presence.shown())
        if challenge is None or len(payload) != 8:
            return 0, 0
        out[:8] = protocol.SCHEMA_HASH.to_bytes(8, "little")
        out[8], out[9] = VERSION, self._suite
        out[10:18] = challenge
        return HELLO | protocol.REPLY_BIT, 18

    def _open(self, payload, out):
        now_us = self._pump.now_us()
        presence = self._presence.shown()
        self._lapse(now_us)
        provisioning = presence and (not self._keyring.provisioned or self._presence.held)
        asks_for_card = bool(payload) and payload[0] == _PROVISIONING
        found = self._sealed.accept(now_us, presence, provisioning, payload, out)
        if found == _OPENED:
            self._pump.opened()
            return OPEN | protocol.REPLY_BIT, 61
        if asks_for_card and presence and self._keyring.provisioned:
            self._pump.card_asked()
        self._counters.openings_refused += 1
        self._pump.visited(self._pump.visitors.intruded)
        return self._refuse(OPEN, out) if found == _REFUSED else (0, 0)

    def _lapse(self, now_us):
        try:
            self._keyring.lapse(now_us)
        except FirmwareError:
            pass  # the slot is unusable until the next reset, and ended again at the next opening

    def _begun(self):
        """The first frame of a session: its programmer has proved the key."""
        sealed, pump = self._sealed, self._pump
        self._number = sealed.number()
        self._counters.sessions += 1
        slot = sealed.slot()
        if sealed.role() != protocol.ROLE_PROVISIONING:
            try:
                self._keyring.begun(slot, pump.utc_s())
            except FirmwareError:
                pass  # the old key stays valid beside the new one until it is stored
        self._commands.begun(sealed.role(), slot)
        pump.visited(pump.visitors.began, slot)

    def _refuse(self, message_id, out):
        payload = protocol.refusal(message_id, protocol.NOT_OPEN)
        out[: len(payload)] = payload
        return protocol.REFUSAL_ID, len(payload)
