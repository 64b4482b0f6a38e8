/**
 * The watchdog.
 *
 * Cures: rp2040js' watchdog only calls back, and fires again at the same instant for ever unless the handler switches
 * it off. This one tells the machine, once. The machine stops the chip and makes a new one with the reason and the
 * scratch registers set. As on silicon the counter falls by two each microsecond (erratum RP2040-E1).
 */
import { BasePeripheral } from './rp2040js.js';

const CTRL = 0x00;
const LOAD = 0x04;
const REASON = 0x08;
const SCRATCH0 = 0x0c;
const SCRATCH7 = 0x28;
const TICK = 0x2c;
const TRIGGER = 0x80000000;
const ENABLE = 1 << 30;
const PAUSE = 7 << 24;
const TICK_RUNNING = (1 << 10) | (1 << 9);
const NANOS_PER_COUNT = 500;

export const REASON_TIMER = 1;
export const REASON_FORCED = 2;

export class Watchdog extends BasePeripheral {
    constructor(rp2040, name) {
        super(rp2040, name);
        this.scratch = new Uint32Array(8);
        this.reason = 0;
        this.control = PAUSE;
        this.tick = 0;
        this.dueNanos = 0;
        this.left = 0;
        /** @type {(reason: number) => void} */
        this.onReset = () => {};
        this.alarm = rp2040.clock.createAlarm(() => this.onReset(REASON_TIMER));
    }

    get running() {
        return (this.control & ENABLE) !== 0;
    }

    get count() {
        return this.running ? Math.ceil((this.dueNanos - this.rp2040.clock.nanos) / NANOS_PER_COUNT) : this.left;
    }

    start(count) {
        this.left = count;
        if (this.running) {
            this.dueNanos = this.rp2040.clock.nanos + count * NANOS_PER_COUNT;
            this.alarm.scheduleAt(this.dueNanos);
        }
    }

    readUint32(offset) {
        if (offset >= SCRATCH0 && offset <= SCRATCH7) {
            return this.scratch[(offset - SCRATCH0) >> 2];
        }
        switch (offset) {
            case CTRL:
                return (this.control | (this.count & 0xffffff)) >>> 0;
            case REASON:
                return this.reason;
            case TICK:
                return this.tick | TICK_RUNNING;
            default:
                return 0;
        }
    }

    writeUint32(offset, value) {
        if (offset >= SCRATCH0 && offset <= SCRATCH7) {
            this.scratch[(offset - SCRATCH0) >> 2] = value;
            return;
        }
        switch (offset) {
            case CTRL: {
                const left = this.count;
                this.control = value & (ENABLE | PAUSE);
                this.alarm.cancel();
                this.start(left);
                if (value & TRIGGER) {
                    this.onReset(REASON_FORCED);
                }
                break;
            }
            case LOAD:
                this.start(value & 0xffffff);
                break;
            case TICK:
                this.tick = value & 0x3ff;
                break;
        }
    }
}
