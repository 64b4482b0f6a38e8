/**
 * A desk of two emulated Picos in lock-step: the pump and the bench I/O board, wired to each other.
 *
 * A change of the pump's pins reaches the bench I/O board at the very nanosecond: the pump runs a slice of time first,
 * and its edges are played to the other chip while that runs the same slice. The way back takes WIRE_NANOS: a slice
 * ends that much after the first instant at which either chip can do anything, so nothing ever arrives too late.
 *
 * All times here are the bench's, in nanoseconds.
 */
import { Dac } from './dac.js';
import { Machine } from './machine.js';
import { GPIOPinState } from './rp2040js.js';

/** From a pin or the DAC of the bench I/O board to the pump. */
export const WIRE_NANOS = 10_000;
const BATTERY_COUNTS = 1862; // 3.0 V through a divider of two, 3.3 V full scale
const FROM_PUMP = ['STEP', 'DIR', 'MOTOR_ENABLE'];

export class Pair {
    /**
     * @param {{pump: object, io: object}} boards as Machine takes them
     * @param {(text: string) => void} say
     */
    constructor(boards, say) {
        this.pins = boards.io.pins;
        this.pressurePin = boards.pump.pins.PRESSURE;
        this.pumpPins = boards.pump.pins;
        this.pressureCounts = 0;
        /** Changes of the pump's pins, for the bench I/O board: {nanos, pin, level}. */
        this.toIo = [];
        /** Actions of the bench I/O board, for the pump: {nanos, act}. */
        this.toPump = [];
        /** Every edge of the pump's STEP, rising first: the truth for comparison with a capture. */
        this.stepEdges = [];
        this.levels = {};
        this.nowNanos = 0;
        const bench = {
            sense: (pin) => (pin === this.pressurePin ? this.pressureCounts : BATTERY_COUNTS),
            burst: () => 0, // the bench I/O board plays the stroke sensor
        };
        this.pump = new Machine({ ...boards.pump, unpowered: true, onChip: (chip) => this.watchPump(chip) }, bench, say);
        this.dac = new Dac((counts) => this.later(() => (this.pressureCounts = counts)));
        this.io = new Machine({ ...boards.io, devices: [this.dac], onChip: (chip) => this.watchIo(chip) }, bench, say);
        this.tellLevels();
    }

    watchPump(chip) {
        for (const name of FROM_PUMP) {
            chip.gpio[this.pumpPins[name]].addListener(() => this.tellLevels());
        }
        this.tellLevels();
    }

    /** The wire's level: STEP and DIR are pulled down, ENABLE is pulled up, by resistors of the bench I/O board. */
    levelOf(name) {
        const state = this.pump.powered ? this.pump.chip.gpio[this.pumpPins[name]].value : GPIOPinState.Input;
        return name === 'MOTOR_ENABLE' ? state !== GPIOPinState.Low : state === GPIOPinState.High;
    }

    tellLevels() {
        for (const name of FROM_PUMP) {
            const level = this.levelOf(name);
            const known = this.levels[name];
            if (level !== known) {
                this.levels[name] = level;
                this.toIo.push({ nanos: this.pump.nowNanos, pin: this.pins[name], level });
                if (name === 'STEP' && known !== undefined) {
                    this.stepEdges.push(this.pump.nowNanos);
                }
            }
        }
    }

    watchIo(chip) {
        const { STROKE_SENSOR, POWER } = this.pins;
        const sensorPin = this.pumpPins.STROKE_SENSOR;
        this.onLevel(chip, STROKE_SENSOR, (level) => {
            if (this.pump.powered) {
                this.pump.chip.gpio[sensorPin].setInputValue(level);
            }
        });
        this.onLevel(chip, POWER, (level) => {
            if (level) {
                this.pump.powerOn();
            } else {
                this.pump.powerOff();
            }
            this.tellLevels();
        });
    }

    /** Pass each change of an output of the bench I/O board to the pump. The pad's own input sees it at once. */
    onLevel(chip, pin, act) {
        let known = false;
        chip.gpio[pin].addListener((state) => {
            const level = state === GPIOPinState.High;
            if (level !== known) {
                known = level;
                chip.gpio[pin].setInputValue(level);
                this.later(() => act(level));
            }
        });
    }

    later(act) {
        this.toPump.push({ nanos: this.io.nowNanos + WIRE_NANOS, act });
    }

    /** The first instant from now on at which this machine may act by itself. */
    nextOf(machine) {
        if (!machine.powered) {
            return Infinity;
        }
        const { clock, core } = machine.chip;
        const asleep = core.waiting && !core.interruptsUpdated;
        return asleep ? clock.nextNanos + machine.offsetNanos : machine.nowNanos;
    }

    /** Run up to `untilNanos`, or to the first bytes on the link of the pump or of the bench I/O board, as asked. */
    run(untilNanos, { pump = false, io = false } = {}) {
        const stop = (wanted) => (wanted ? ['uart0'] : []);
        while (this.nowNanos < untilNanos) {
            const first = Math.max(this.nowNanos, Math.min(this.nextOf(this.pump), this.nextOf(this.io)));
            const end = Math.min(untilNanos, first + WIRE_NANOS, this.toPump[0]?.nanos ?? Infinity);
            let reason = this.pump.run(end, stop(pump));
            const reached = Math.min(end, this.pump.nowNanos);
            this.playToIo();
            const other = this.io.run(reached, stop(io));
            this.nowNanos = Math.min(reached, this.io.nowNanos);
            while (this.toPump.length && this.toPump[0].nanos <= this.nowNanos) {
                this.toPump.shift().act();
            }
            reason = reason === 'time' ? other : reason;
            if (reason !== 'time') {
                return reason;
            }
        }
        return 'time';
    }

    /** The time at which the bench I/O board's capture began to count, when its state machines' clocks were started. */
    get captureStartNanos() {
        return this.io.chip.pio[0].paces[0].originNanos + this.io.offsetNanos;
    }

    playSteps(atNanos, count, periodNanos, highNanos) {
        for (let index = 0; index < count; index++) {
            const nanos = atNanos + index * periodNanos;
            for (const [edge, level] of [[nanos, true], [nanos + highNanos, false]]) {
                this.toIo.push({ nanos: edge, pin: this.pins.STEP, level });
            }
        }
        this.playToIo();
    }

    playToIo() {
        const { chip, offsetNanos } = this.io;
        for (const { nanos, pin, level } of this.toIo) {
            chip.clock.createAlarm(() => chip.gpio[pin].setInputValue(level)).scheduleAt(nanos - offsetNanos);
        }
        this.toIo = [];
    }
}
