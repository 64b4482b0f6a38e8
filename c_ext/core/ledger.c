#include "ledger.h"

void ledger_begin(ledger_t *ledger, uint64_t at_us) {
    ledger->start_us = at_us;
    ledger->end_us = 0u;
    ledger->reason = (uint32_t)DOSE_REASON_RUNNING;
}

void ledger_program(ledger_t *ledger, uint32_t strokes, uint32_t id) {
    ledger->programmed = strokes;
    ledger->commanded = 0u;
    ledger->delivered = 0u;
    ledger->abandoned = 0u;
    ledger->remaining = strokes;
    ledger->id = id;
}

void ledger_end(ledger_t *ledger, dose_reason_t reason, uint64_t at_us) {
    ledger->end_us = at_us;
    ledger->reason = (uint32_t)reason;
}

void ledger_command(ledger_t *ledger) {
    ledger->remaining -= 1u;
    ledger->commanded += 1u;
}

void ledger_abandon(ledger_t *ledger, uint32_t strokes) {
    ledger->remaining -= strokes;
    ledger->abandoned += strokes;
}

void ledger_delivered(ledger_t *ledger) {
    ledger->delivered += 1u;
}

bool ledger_conserves(const ledger_t *ledger) {
    const uint32_t gone = ledger->programmed - ledger->remaining;
    // Compared both ways, so that a sum that wraps never passes for a small one.
    return (ledger->remaining <= ledger->programmed) && (ledger->commanded <= gone) &&
           (ledger->abandoned == (gone - ledger->commanded)) && (ledger->delivered <= ledger->commanded);
}
