// state.h: saves the whole state of the core as bytes, for the journal, and loads it; checks it, and clears a fault.
//
// The bytes are those of core_t without its one pointer (the history), in the layout of the structs: the same on every
// little-endian machine that aligns 64-bit members to eight bytes (Arm, x86-64, RISC-V); state.c refuses to compile for
// another. They are preceded by a version. The journal adds sequence number and CRC; the history of strokes is stored
// separately, four bytes a stroke (guard.h). A loaded state is not trusted: every invariant is checked, and a state
// that breaks one is refused with the number of the invariant.
//
// Main context. Implements: STORE-1 (what a record holds), GUARD-2
#ifndef RELEVE_STATE_H
#define RELEVE_STATE_H

#include "core.h"

#define STATE_VERSION 2u
#define STATE_BYTES 485u  // version, 1; core_t up to the history; dose_t

// The invariants, in the order in which they are checked.
typedef enum {
    STATE_OK = 0,
    STATE_VERSION_KNOWN,    // the version is STATE_VERSION
    STATE_WORDS_INTACT,     // every safety variable matches its complement
    STATE_SAME_PUMP,        // insulin in a stroke, spacings and history are those of this pump
    STATE_TIME_PAST,        // no time of the past lies after now
    STATE_FRACTIONS_SMALL,  // what is owed beyond waiting strokes is less than a stroke
    STATE_LIMITS_HARD,      // the clinician's limits lie within the hard ones and the history
    STATE_SCHEDULE_SOUND,  // rates within the basal limit, temporary rate of a known kind, changes within a day to come
    STATE_RATE_IN_FORCE,   // the pace runs at the schedule's rate, 0 while suspended
    STATE_LEDGERS_CONSERVE,  // programmed = commanded + abandoned + still to come; basal: nothing still to come
    STATE_BOLUS_ENDS,        // a bolus part has strokes to come if and only if it is running
    STATE_SQUARE_PACED,      // a square bolus's pace and its waiting strokes fit what is still to come
    STATE_TEMP_ENDS,         // a temporary basal is in the schedule if and only if it is running
    STATE_SUSPENDED_STILL,   // while suspended or faulted nothing waits, no bolus and no temporary basal runs
    STATE_COUNTS_AGREE,      // the ledgers' commanded strokes are the guard's, its ring is where they say
    STATE_PERMIT_NEXT,       // the permit is for the next stroke at most
    STATE_STROKE_KNOWN       // the stroke in progress is of a known kind, only one in progress can be unconfirmed, and
                             // nothing is left to enter
} state_invariant_t;

// Writes the state. The interrupt's work is entered first, as by any supervisor call. The state is as of
// dose.basal.at_us, which may be later than now_us (core.h), and can be loaded at that time or after.
void state_save(core_t *core, uint64_t now_us, uint8_t bytes[STATE_BYTES]);

// Replaces the state of a core made by core_init() for the same pump, with its history in place; bytes NULL: checks the
// state that it has. The supervisor counts as busy since now_us. Returns STATE_OK, or the invariant that does not hold;
// then nothing has changed.
state_invariant_t state_load(core_t *core, uint64_t now_us, const uint8_t bytes[STATE_BYTES]);

// Clears a latched fault; nothing else does, and the scheduler stays suspended. Counts that differ by more than
// most_apart, or have latched a count fault, agree from then on: all strokes commanded count as confirmed. The state is
// checked as by a load before, so that nothing damaged is mended. To be called between strokes. Returns STATE_OK, or
// the invariant that does not hold; then the core has only been settled.
state_invariant_t state_reconcile(core_t *core, uint64_t now_us, uint32_t most_apart);

#endif
