"""The journal: the stored state of one pump, written and read as a whole or not at all.

save() is the single point of commitment: it stores the history's full blocks, then the state record in two copies.
Events appended before it count with it. So do the settings: they are written to the place that is not in force, and the
state record names by its number the one that is. Whenever power is lost, the restart finds the last save that was
finished, or the one that was being written.

Implements: STORE-1, STORE-2, STORE-3
"""

import struct

from firmware.compat import const, roomy
from firmware.drivers.nvm import Counting
from firmware.errors import FirmwareError, MemoryAbsent
from firmware.storage import memory_map, slots
from firmware.storage.event_log import EventLog
from firmware.storage.orders import Orders
from firmware.storage.settings import PAYLOAD_BYTES as SETTINGS_BYTES
from firmware.storage.settings import Settings
from firmware.storage.staging import Staging
from firmware.storage.state_record import PAYLOAD_BYTES, StateRecord
from firmware.storage.stroke_starts import History

_MAGIC = b"RELV"
_LAYOUT_VERSION = const(14)

NEW = const(0)  # nothing was ever stored here
WHOLE = const(1)  # both copies of the record are there
ONE_COPY = const(2)  # one is; the next save makes two again
DAMAGED = const(3)  # nothing that can be believed


class Journal:
    """The journal of a pump with strokes of `stroke_uu` µU, in `nvm`; `ticks` is the dose core's ring of starts.

    `record` holds the values of the latest state; fill it and its `core` before save(). `log` is the event log.
    `settings` are stored by save_settings() and count with the next save(). `orders` is the table of orders and their
    outcomes, `staging` holds the staged patterns. `nvm` counts the bytes written.
    Raises MemoryRange if the memory is too small; every method raises what the memory raises.
    """

    def __init__(self, nvm, ticks, stroke_uu):
        places = memory_map.Layout(nvm.size_bytes, len(ticks))
        self.stroke_uu = stroke_uu
        self.nvm = nvm = Counting(nvm)
        self._format = slots.TwoSlots(nvm, memory_map.FORMAT_AT, memory_map.FORMAT_PAYLOAD_BYTES)
        self._state = roomy(slots.TwoSlots(nvm, memory_map.STATE_AT, PAYLOAD_BYTES))  # every stroke writes it
        self._one_format = False
        self._one_settings = False
        self._torn = False  # a save failed: of the record's values the payload may hold what is not true
        self._energy = slots.TwoSlots(nvm, places.energy_at, memory_map.ENERGY_BYTES)
        self.energy = self._energy.payload
        self._alarms = slots.TwoSlots(nvm, places.alarms_at, memory_map.ALARMS_BYTES)
        self.alarms = self._alarms.payload
        self.scratch_at = places.scratch_at
        self._history = History(nvm, places.history_at, places.blocks, ticks)
        self._described = struct.pack(
            "<4sHHIIII", _MAGIC, _LAYOUT_VERSION, PAYLOAD_BYTES, len(ticks), stroke_uu, nvm.size_bytes, 0
        )
        self.record = StateRecord(self._state.payload)
        self._places = (places.settings_at, places.settings_at + places.settings_bytes)
        self._place = 0  # of the settings that are in force
        self._kept = None  # a copy of these, while newer ones are stored that no state record names yet
        self._settings = slots.TwoSlots(nvm, places.settings_at, SETTINGS_BYTES)
        self.settings = Settings(self._settings.payload)
        self.log = EventLog(nvm, places.log_at, places.events)
        self.orders = Orders(nvm, places.orders_at)
        self.staging = Staging(nvm, places.staging_at)
        roomy(self)

    def open(self):
        """Read what is stored: NEW, WHOLE, ONE_COPY or DAMAGED. `record` is filled if it is WHOLE or ONE_COPY."""
        described = self._format.read()
        if described == slots.NOTHING:
            return NEW if self._format.any_blank() else DAMAGED
        stored = self._state.read()
        if bytes(self._format.payload) != self._described or stored == slots.NOTHING:
            return DAMAGED
        self.record.read()
        settings = self._read_settings()
        if settings == slots.NOTHING:
            return DAMAGED
        self._one_format = described == slots.ONE
        self._one_settings = settings == slots.ONE
        self._energy.read()
        if self._alarms.read() == slots.NOTHING:
            self._no_alarms()
        if not self._state.finished:
            self.record.permitted = 0  # the permit was never given: that happens after save()
        self.log.next_number = self.record.next_event
        return WHOLE if stored == described == settings == slots.BOTH else ONE_COPY

    def answers(self):
        """Does the memory answer now? Its content is not read in."""
        try:
            self.nvm.read_into(memory_map.FORMAT_AT, bytearray(1))
        except MemoryAbsent:
            return False
        return True

    def _read_settings(self):
        """Read the settings that the state names; returns whether NOTHING, ONE or BOTH of their copies are whole."""
        for place, address in enumerate(self._places):
            self._place = place
            self._settings.move(address)
            found = self._settings.read()
            if found != slots.NOTHING and self._settings.sequence == self.record.settings:
                self.settings.read()
                return found
        return slots.NOTHING

    def save_energy(self):
        """Store `energy`, the battery's account, which may be an hour behind and decides nothing."""
        self._energy.write()

    def save_alarms(self):
        """Store `alarms`, the details of the alarms in the state record. It counts with the next save()."""
        self._alarms.write()

    def _no_alarms(self):
        self.alarms[:] = bytes(memory_map.ALARMS_BYTES)

    def save_settings(self):
        """Store `settings`; they count with the next save(). If storing them fails they are reverted."""
        stored = self._settings
        if self._kept is None:
            self._kept = (stored.sequence, bytes(stored.payload))
            stored.move(self._places[1 - self._place])
        self.settings.write()
        try:
            stored.write()
        except FirmwareError:
            self.take_back_settings()
            raise

    def take_back_settings(self):
        """Discard settings that were stored and are not in force yet."""
        if self._kept is not None:
            self._settings.sequence, self._settings.payload[:] = self._kept
            self._kept = None
            self.settings.read()

    def restore_history(self):
        """Put the starts of strokes back into the ring; returns how many are replaced because they were damaged."""
        record = self.record
        return self._history.restore(record.strokes, record.open_part, record.saved_us)

    def hold_back(self, strokes, to_us):
        """Device time has jumped from the record's to `to_us`, and nobody knows how long it really was: move the starts
        of the `strokes` strokes so far along with it.
        """
        self._history.hold_back(strokes, self.record.saved_us, to_us)

    def save(self, only_stroke=False):
        """Commit `record`. `only_stroke`: nothing but the stroke has changed since the last save."""
        record = self.record
        if only_stroke and self._kept is None and not (self._torn or self._one_settings or self._one_format):
            self._torn = True
            self._history.save(record.strokes, record.open_part)
            record.write_stroke()
            self._state.write()
            self._torn = False
            return
        if self._one_settings:
            self.save_settings()
        self._torn = True
        self._history.save(record.strokes, record.open_part)
        record.next_event = self.log.next_number
        record.settings = self._settings.sequence
        record.write()
        self._state.write()
        self._torn = False
        if self._kept is not None:
            self._place = 1 - self._place
            self._kept = None
            self._one_settings = False
        if self._one_format:
            self._write_format()

    def initialise(self, seed):
        """Initialise a NEW or DAMAGED memory: write the present record first, and the format block that validates it
        last.

        The orders' life is drawn with `seed`.
        """
        self._history.restore(0, self.record.open_part, 0)
        self.settings.forget()
        self.save_settings()
        self.orders.initialise(seed)
        self._no_alarms()
        self.save_alarms()
        self.save()
        self._write_format()

    def _write_format(self):
        self._format.payload[:] = self._described
        self._format.write()
        self._one_format = False
