// service.h: the chip-independent part of every board's stroke timer and idle(): when to run next, what to do then, and
// which events the supervisor must see. There is no hardware here: the board plays the strokes and provides the time.
//
// Device time runs `lead_us` ahead of the hardware. A stroke due at D is handed to the hardware up to lead_us before D
// on the hardware's clock, as a wait and a burst, and starts at D whatever the processor does meanwhile. Requests are
// stamped with device time, so nothing can be due sooner than that. lead_us is longer than the longest time for which
// the processor may be unavailable (a flash erase). See docs/adr/0005-device-time-runs-ahead.md.
//
// While it is undecided whether and when the next stroke starts, the supervisor sees a clock that waits at that
// stroke's slot until the hardware's clock has reached it. So a permit written by then moves no stroke, however much of
// the lead has passed. See docs/adr/0012-the-clock-waits-for-the-permit.md.
//
// Everything marked *interrupt* runs in the stroke timer's interrupt, or with it masked.
//
// Implements: DOSE-6, GUARD-3
#ifndef RELEVE_SERVICE_H
#define RELEVE_SERVICE_H

#include <stddef.h>

#include "../core/core.h"

// Reasons for idle() to return: bits, the same as in firmware/events.py.
#define EVENT_TIME 1u      // the deadline has come
#define EVENT_STROKE 2u    // a stroke is over
#define EVENT_UART 4u      // bytes have arrived
#define EVENT_WITHHELD 8u  // a cap withheld a stroke
#define EVENT_FAULT 16u    // the core has latched a fault
#define EVENT_STOP 32u     // the bench is done (virtual boards only)

// The stroke sensor may see a stroke up to this long after its last step; after that the stroke is over, confirmed or
// not.
#define SERVICE_CONFIRM_WINDOW_US 50000u
// The catheter's pressure is read this long before a burst, before any step has changed it.
#define SERVICE_READ_AHEAD_US 200u
// A reading later than this (a flash erase kept the interrupt out) is discarded: 1 % of a burst's pressure pulse.
#define SERVICE_READ_LATE_US 1000u
// The value of the packed readings if there are none.
#define SERVICE_NO_READINGS (UINT32_C(1) << 31u)
// If a due core starts no stroke (hard spacing after a fault in the scheduler), it is asked again after this time.
#define SERVICE_RETRY_US 1000u

typedef enum {
    SERVICE_NOTHING = 0,
    SERVICE_START,  // play a burst that starts at start_us
    SERVICE_READ,   // read the pressure now and give it to service_reading()
    SERVICE_ENDED,  // the burst should be over: make sure of it
    SERVICE_HALT,   // the core has latched a fault: stop the motor
    SERVICE_QUIET   // the tone is over: switch the annunciator off
} service_order_t;

typedef struct {
    core_t *core;           // NULL: no supervisor yet, or it is gone
    uint64_t until_us;      // the supervisor's deadline, on the clock that it sees; DOSE_NEVER: it is awake
    uint64_t hold_us;       // where that clock waits; DOSE_NEVER: it is device time
    uint64_t burst_end_us;  // DOSE_NEVER: no stroke in progress
    uint64_t retry_us;
    uint64_t start_us;  // of the stroke in progress, on the hardware's clock
    uint32_t burst_us;  // how long a burst lasts
    uint32_t lead_us;
    uint32_t ahead_us;     // a burst can be started this much after now at the earliest
    uint32_t events;       // EVENT_ bits that the supervisor has not seen
    uint32_t confirmed;    // 0 or 1: the stroke in progress has been seen by the sensor
    uint32_t cut;          // 0 or 1: the latest stroke was cut short and counts, its edge may still come
    uint32_t taken;        // how many of its two readings have been ordered and given
    uint32_t reading;      // these readings, packed
    uint32_t readings;     // those of the latest stroke that is over
    uint64_t ended_us;     // when its burst ended
    uint64_t tone_end_us;  // DOSE_NEVER: no tone sounds
} service_t;

// Sets up a service without a core. Main, masked.
void service_init(service_t *service, uint32_t burst_us, uint32_t lead_us, uint32_t ahead_us);

// The clock that the supervisor sees when device time is now_us: never before the hardware's, never back. Masked.
uint64_t service_seen_us(const service_t *service, uint64_t now_us);

// The supervisor idles until until_us, or until now if that is past already; false, with nothing changed, if the core
// refuses the promise. Main, masked.
bool service_sleep(service_t *service, core_t *core, uint64_t now_us, uint64_t until_us);

// The supervisor is back; returns the events and clears them. Main, masked.
uint32_t service_wake(service_t *service, uint64_t now_us);

// The annunciator has been switched on: SERVICE_QUIET is ordered for_us later, whatever becomes of the supervisor. A
// second tone continues the first. Main, masked.
void service_tone(service_t *service, uint64_t now_us, uint32_t for_us);

// One turn: does what is due and returns the order for the hardware. Call again while it orders something. Interrupt.
service_order_t service_turn(service_t *service, uint64_t now_us);

// When service_turn() must run next, DOSE_NEVER if nothing is to come. Interrupt.
uint64_t service_next_us(const service_t *service);

// The pressure that SERVICE_READ has ordered, 12 bits, read at now_us. Interrupt.
void service_reading(service_t *service, uint64_t now_us, uint32_t counts);

// The readings of the latest stroke that is over: the pressure before its burst in bits 0-11, at its end in bits 12-23,
// and in bit 24 whether the sensor saw it; SERVICE_NO_READINGS if there are none, or one came late. Main, masked.
uint32_t service_readings(const service_t *service);

// The stroke sensor's edge. Interrupt.
void service_edge(service_t *service);

// The board has aborted the burst, for an alarm without a fault of the core: a stroke in progress is over and counts as
// delivered, in ledger and guard (DOSE-5). The supervisor sees it as any other stroke, without readings. Main, masked.
void service_cut(service_t *service, uint64_t now_us);

// The burst did not play as it must: latches a fault. The stroke in progress is over and counts. Interrupt.
void service_fail(service_t *service, uint64_t now_us);

#endif
