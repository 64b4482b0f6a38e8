"""The fields of the messages about programmers and their keys, as data."""

from firmware.protocol.fields import u8, u32
from firmware.protocol.table import Field
from firmware.protocol.vocabulary import ROLES, SLOT_STATES

SLOT = u8("slot", "place of the programmer's key in the device", low=0, high=7)
GENERATION = Field(
    "generation", "u16", "", "how often the slot was given a key, so that an old list revokes nobody new"
)
DEVICE_ID = Field("device_id", "u64", "", "drawn when the device was provisioned")
# Always the last field, so that the session can put the key there without the firmware's Python seeing it.
KEY = Field("key", "bytes", "", "the new key; it crosses the link in a session only", 32, 32)
PROGRAMMER = (
    SLOT,
    u8("state", "what it is", SLOT_STATES),
    u8("role", "what it may do", ROLES),
    GENERATION,
    Field("used_next", "bool", "", "a new key was drawn that has opened no session yet"),
    u32("last_used_utc_s", "when it last opened a session, UTC since 1970; 0: never, or the clock was lost", "s"),
    Field("label", "str8", "", "whose it is", 0, 16),
)
