// ledger.h: the account of one kind of delivery: the strokes programmed, what became of them, and why the delivery
// ended.
//
// Counts are in strokes. At any time programmed = commanded + abandoned + remaining, and delivered <= commanded. A
// bolus ledger describes the present or the last bolus of its kind. Those of basal and temporary basal count from the
// beginning: a stroke is programmed there when it is taken, remaining is 0, id is not used, and times and reason are
// those of the present or last temporary basal.
//
// Main context except for ledger_delivered(). Implements: DOSE-3
#ifndef RELEVE_LEDGER_H
#define RELEVE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

// Why a delivery ended, or that it has not.
typedef enum {
    DOSE_REASON_RUNNING = 0,
    DOSE_REASON_COMPLETED,
    DOSE_REASON_CANCELLED,
    DOSE_REASON_SUSPENDED,
    DOSE_REASON_FAULT,
    DOSE_REASON_HOUR_CAP,
    DOSE_REASON_DAY_CAP,
    DOSE_REASON_RESET  // power was lost or the device was reset
} dose_reason_t;

typedef struct {
    uint64_t start_us;    // when it was accepted
    uint64_t end_us;      // last stroke commanded, or when it was cut; 0 while running
    uint32_t programmed;  // requested
    uint32_t commanded;   // ordered from the motor
    uint32_t delivered;   // confirmed by the stroke sensor
    uint32_t abandoned;   // given up for a recorded reason
    uint32_t remaining;   // still to come
    uint32_t id;          // counts boluses from 1; both parts of a dual bolus have the same. 0: none yet
    uint32_t reason;      // dose_reason_t
} ledger_t;

// A delivery runs from at_us on.
void ledger_begin(ledger_t *ledger, uint64_t at_us);

// Sets the strokes to deliver, and resets the counts.
void ledger_program(ledger_t *ledger, uint32_t strokes, uint32_t id);

// It ended at at_us.
void ledger_end(ledger_t *ledger, dose_reason_t reason, uint64_t at_us);

// One of the remaining strokes is ordered from the motor.
void ledger_command(ledger_t *ledger);

// Gives up `strokes` of the remaining strokes.
void ledger_abandon(ledger_t *ledger, uint32_t strokes);

// A commanded stroke was confirmed. Interrupt, O(1).
void ledger_delivered(ledger_t *ledger);

// Does the equation above hold?
bool ledger_conserves(const ledger_t *ledger);

#endif
