"""The map of the non-volatile memory. docs/memory.md has the same table; a test compares.

    format | keys | state, two copies | settings, two places of two copies | energy, two copies | alarms, two copies |
    scratch | staged | orders | strokes' starts, a ring of blocks | events, a ring to the end

The keys keep their place in every layout, so that a new firmware still knows its programmers.

Implements: STORE-1, LOG-2
"""

from firmware.compat import const
from firmware.errors import MemoryRange
from firmware.storage import event_log, orders, settings, staging, state_record, stroke_starts
from firmware.storage.slots import OVERHEAD_BYTES

FORMAT_PAYLOAD_BYTES = const(24)
FORMAT_AT = const(0)
KEYS_AT = const(64)  # after two copies of 32
SEED_BYTES = const(44)  # of the C session (c_ext/session), as the next; a test compares
SLOT_BYTES = const(86)
SLOTS = const(8)
USE_BYTES = const(64)
SLOTS_AT = const(168)  # after two copies of the seed
USE_AT = const(1672)
STATE_AT = const(1816)
ENERGY_BYTES = const(68)  # STATE_BYTES of firmware.upkeep.energy; a test compares
ALARMS_BYTES = const(743)  # RECORD_BYTES of firmware.alarms.record; a test compares
SCRATCH_BYTES = const(32)  # unused by anything else: the self-test writes there
EVENTS_MIN = const(64)  # a memory with room for fewer is refused


class Layout:
    """The layout of a memory of `size_bytes` with `strokes` starts; MemoryRange if it is too small."""

    def __init__(self, size_bytes, strokes):
        self.blocks = stroke_starts.blocks_for(strokes)
        self.settings_at = STATE_AT + 2 * (state_record.PAYLOAD_BYTES + OVERHEAD_BYTES)
        self.settings_bytes = 2 * (settings.PAYLOAD_BYTES + OVERHEAD_BYTES)  # of one place
        self.energy_at = self.settings_at + 2 * self.settings_bytes
        self.alarms_at = self.energy_at + 2 * (ENERGY_BYTES + OVERHEAD_BYTES)
        self.scratch_at = self.alarms_at + 2 * (ALARMS_BYTES + OVERHEAD_BYTES)
        self.staging_at = self.scratch_at + SCRATCH_BYTES
        self.orders_at = self.staging_at + staging.BYTES
        self.history_at = self.orders_at + orders.BYTES
        end = self.history_at + self.blocks * stroke_starts.BLOCK_BYTES
        self.log_at = -(-end // event_log.EVENT_BYTES) * event_log.EVENT_BYTES
        self.events = (size_bytes - self.log_at) // event_log.EVENT_BYTES
        if self.events < EVENTS_MIN:
            raise MemoryRange(self.log_at, EVENTS_MIN * event_log.EVENT_BYTES, size_bytes)
