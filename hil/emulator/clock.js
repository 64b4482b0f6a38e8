/**
 * Emulated time, in whole nanoseconds wherever the system clock allows it, and the queue of alarms.
 *
 * Cures: rp2040js' clock puts an alarm *before* others of the same instant (last in, first out) and keeps its time in
 * steps of CPU instructions. Here alarms of one instant run in the order in which they were set, each at its own exact
 * time. So PIO, DMA, timers and UARTs see each other in one strict order, and a run repeats bit for bit.
 */

const NEVER = Infinity;

class Alarm {
    /** @param {Clock} clock @param {() => void} callback */
    constructor(clock, callback) {
        this.clock = clock;
        this.callback = callback;
        this.next = null;
        this.nanos = 0;
        this.scheduled = false;
    }

    /** @param {number} deltaNanos from now */
    schedule(deltaNanos) {
        this.scheduleAt(this.clock.nanos + deltaNanos);
    }

    /** @param {number} nanos absolute; a past time means at once */
    scheduleAt(nanos) {
        if (this.scheduled) {
            this.cancel();
        }
        this.nanos = nanos;
        this.scheduled = true;
        this.clock.insert(this);
    }

    cancel() {
        if (this.scheduled) {
            this.scheduled = false;
            this.clock.remove(this);
        }
    }
}

export class Clock {
    constructor() {
        this.nanos = 0;
        /** Time of the first alarm: the CPU may run freely up to here. */
        this.nextNanos = NEVER;
        this.first = null;
    }

    get micros() {
        return this.nanos / 1000;
    }

    /** @param {() => void} callback */
    createAlarm(callback) {
        return new Alarm(this, callback);
    }

    insert(alarm) {
        let before = null;
        let item = this.first;
        while (item && item.nanos <= alarm.nanos) {
            before = item;
            item = item.next;
        }
        alarm.next = item;
        if (before) {
            before.next = alarm;
        } else {
            this.first = alarm;
            this.nextNanos = alarm.nanos;
        }
    }

    remove(alarm) {
        if (this.first === alarm) {
            this.first = alarm.next;
            this.nextNanos = this.first ? this.first.nanos : NEVER;
            return;
        }
        let item = this.first;
        while (item && item.next !== alarm) {
            item = item.next;
        }
        if (item) {
            item.next = alarm.next;
        }
    }

    /** Let time pass up to `nanos`, running each alarm on the way at its own time. */
    advanceTo(nanos) {
        while (this.nextNanos <= nanos) {
            const alarm = this.first;
            this.first = alarm.next;
            this.nextNanos = this.first ? this.first.nanos : NEVER;
            alarm.scheduled = false;
            if (alarm.nanos > this.nanos) {
                this.nanos = alarm.nanos;
            }
            alarm.callback();
        }
        if (nanos > this.nanos) {
            this.nanos = nanos;
        }
    }
}
