/**
 * A board with its Pico across resets: the parts that outlive a chip (flash, FRAM, clock, SRAM over a watchdog reset),
 * and the bench's time. Each chip counts its own time from zero.
 *
 * All times here are the bench's, in nanoseconds.
 */
import { GPIOPinState } from './rp2040js.js';
import { Chip } from './chip.js';
import { FLASH_TIMING } from './flash.js';
import { Fram, Rtc } from './i2c_devices.js';
import { Lines } from './i2c_lines.js';
import { SRAM_BYTES } from './layout.js';
import { Memory } from './memory.js';
import { Motor } from './motor.js';
import { Line } from './line.js';

export const ADC_PINS = [26, 27, 28, 29];

/** SRAM contents at power-up: noise, the same every time, so that no code works merely because of zeros. */
function powerUpNoise() {
    const bytes = new Uint8Array(SRAM_BYTES);
    let state = 0x2545f491;
    for (let at = 0; at < SRAM_BYTES; at++) {
        state = Math.imul(state, 1664525) + 1013904223;
        bytes[at] = state >>> 24;
    }
    return bytes;
}

export class Machine {
    /**
     * @param {object} board
     * @param {Uint8Array} board.image the flash's contents from its start
     * @param {Uint8Array} board.bootrom
     * @param {Record<string, number>} board.pins
     * @param {number} board.stepsPerStroke
     * @param {'typical' | 'longest'} board.flashTiming
     * @param {number} board.epochMillis wall time at 0
     * @param {object[]} [board.devices] what hangs on its I2C bus instead of FRAM and clock
     * @param {boolean} [board.unpowered] it waits for powerOn()
     * @param {(chip: Chip) => void} [board.onChip] called with each new chip
     * @param {object} bench what the board asks the bench: sense(channel, nanos), burst(edges, direction)
     * @param {(text: string) => void} say
     */
    constructor(board, bench, say) {
        this.board = board;
        this.bench = bench;
        this.say = say;
        this.memory = new Memory();
        this.memory.flash.set(board.image);
        this.fram = new Fram();
        this.rtc = new Rtc(() => this.nowNanos, board.epochMillis);
        this.devices = board.devices ?? [this.fram, this.rtc];
        /** Addresses of the devices that do not answer now. */
        this.absent = new Set();
        this.i2cLines = new Lines(board.pins);
        this.motor = new Motor(board.pins, board.stepsPerStroke, (burst) => bench.burst(burst));
        this.lines = [new Line(this, 0), new Line(this, 1)];
        this.offsetNanos = 0;
        this.powered = false;
        this.offNanos = 0;
        /** @type {{nanos: number, reason: string}[]} */
        this.resets = [];
        this.readyNanos = [];
        /** Totals of the chips that are gone. */
        this.past = { instructions: 0, sleepNanos: 0, violations: [], violationCount: 0, faults: [], erases: 0, programs: 0 };
        /** When the annunciator sounded: [on, off], nanoseconds; off 0: still on. */
        this.tones = [];
        this.presence = false;
        this.pendingReset = null;
        this.stopped = '';
        this.stopReasons = [];
        if (!board.unpowered) {
            this.powerOn();
        }
    }

    get nowNanos() {
        return this.powered ? this.chip.clock.nanos + this.offsetNanos : this.offNanos;
    }

    powerOn() {
        this.sramAtPower = powerUpNoise();
        this.start(this.offNanos, this.sramAtPower, 'power on', 0, null);
    }

    start(atNanos, sram, reason, reasonBits, scratch) {
        const { bootrom, flashTiming, pins } = this.board;
        const chip = new Chip({ memory: this.memory, bootrom, sram, flashTiming: FLASH_TIMING[flashTiming], say: this.say });
        this.chip = chip;
        this.offsetNanos = atNanos;
        this.powered = true;
        this.pendingReset = null;
        chip.watchdog.reason = reasonBits;
        if (scratch) {
            chip.watchdog.scratch.set(scratch);
        }
        chip.watchdog.onReset = (bits) => {
            this.pendingReset = bits;
            chip.core.stop();
        };
        chip.adc.sense = (channel) => this.bench.sense(ADC_PINS[channel] ?? -1, this.nowNanos);
        this.plug();
        this.i2cLines.attach(chip);
        this.motor.attach(chip, atNanos);
        chip.gpio[pins.ANNUNCIATOR]?.addListener((state) => this.sound(state === GPIOPinState.High));
        chip.gpio[pins.PRESENCE]?.setInputValue(this.presence);
        this.lines.forEach((line) => line.attach(chip));
        this.resets.push({ nanos: atNanos, reason });
        this.readyNanos.push(0);
        chip.core.onSleep = () => {
            // A wait for an event occurs only during start-up (c_ext/rp2/bus.c and early.c); an idle pump waits for
            // interrupts.
            if (chip.uart[0].enabled && !chip.core.waitingForEvent) {
                this.readyNanos[this.readyNanos.length - 1] = this.nowNanos;
                chip.core.onSleep = null;
                this.stopFor('ready');
            }
        };
        this.board.onChip?.(chip);
    }

    /** Somebody holds the button or a magnet to the device, or does not. */
    show(presence) {
        this.presence = presence;
        if (this.powered) {
            this.chip.gpio[this.board.pins.PRESENCE]?.setInputValue(presence);
        }
    }

    /** Connect the present devices to the chip's bus that the board's pins belong to. */
    plug() {
        const bus = this.chip.i2c[Math.floor(this.board.pins.I2C_SDA / 2) % 2];
        bus.devices.clear();
        for (const device of this.devices) {
            if (!this.absent.has(device.address)) {
                bus.devices.set(device.address, device);
            }
        }
    }

    sound(on) {
        const last = this.tones[this.tones.length - 1];
        if (on) {
            this.tones.push([this.nowNanos, 0]);
        } else if (last && !last[1]) {
            last[1] = this.nowNanos;
        }
    }

    /** Keep what the bench will ask for, before the chip goes. */
    retire() {
        const { chip, past } = this;
        const { core, flashController } = chip;
        past.instructions += core.instructions;
        past.sleepNanos += core.sleepNanos;
        past.erases += flashController.erases;
        past.programs += flashController.programs;
        past.violations.push(...flashController.violations);
        past.violationCount += flashController.violationCount;
        past.faults.push(...core.faults);
    }

    powerOff() {
        if (this.powered) {
            this.motor.finish();
            this.chip.flashController.cut();
            this.offNanos = this.nowNanos;
            this.retire();
            this.lines.forEach((line) => line.detach());
            this.powered = false;
        }
    }

    watchdogReset() {
        const { chip, pendingReset } = this;
        this.motor.finish();
        chip.flashController.cut();
        const atNanos = this.nowNanos;
        this.retire();
        this.lines.forEach((line) => line.detach());
        const reason = pendingReset === 1 ? 'watchdog' : 'watchdog forced';
        this.start(atNanos, chip.sram, reason, pendingReset, chip.watchdog.scratch);
        this.stopFor('reset');
    }

    /** End the run with this reason, if the bench wants to stop on it. */
    stopFor(reason) {
        if (this.stopReasons.includes(reason)) {
            this.stopped = reason;
            this.chip.core.stop();
        }
    }

    /** Run up to `untilNanos`, or to the first of `stopReasons` (uart, ready, reset, burst). Returns why it ended. */
    run(untilNanos, stopReasons) {
        this.stopped = '';
        this.stopReasons = stopReasons;
        if (!this.powered) {
            this.offNanos = Math.max(this.offNanos, untilNanos);
            return 'time';
        }
        while (this.nowNanos < untilNanos && !this.stopped) {
            this.chip.core.run(untilNanos - this.offsetNanos);
            if (this.pendingReset !== null) {
                this.watchdogReset();
            }
        }
        return this.stopped || 'time';
    }
}
