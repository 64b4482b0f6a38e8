/**
 * The stepper's driver and the stroke sensor. Steps are gathered into bursts, and a burst is reported when it is over.
 *
 * A burst is over with its last step. It was cut short if no step has come for longer than the slowest motor takes for
 * one. A step while the driver is disabled moves nothing and is counted separately.
 */
import { GPIOPinState } from './rp2040js.js';

// The slowest start is 20 Hz (motion.h), but this motor starts at 400: 2.5 ms.
const SILENCE_NANOS = 20e6;
// The sensor's light barrier stays open while one tooth passes (assumption).
const SENSOR_PULSE_NANOS = 2e6;

export class Motor {
    /**
     * @param {{STEP: number, DIR: number, MOTOR_ENABLE: number, STROKE_SENSOR: number}} pins
     * @param {number} stepsPerStroke
     * @param {(burst: {edges: number[], direction: number}) => number} onBurst answers with the sensor's edge, or 0
     */
    constructor(pins, stepsPerStroke, onBurst) {
        this.pins = pins;
        this.stepsPerStroke = stepsPerStroke;
        this.onBurst = onBurst;
        this.steps = 0;
        this.idleSteps = 0;
        this.edges = [];
        this.sensorHigh = false;
    }

    /** @param {import('./chip.js').Chip} chip @param {number} offsetNanos the bench's time at the chip's zero */
    attach(chip, offsetNanos) {
        const { clock, gpio } = chip;
        this.chip = chip;
        this.offsetNanos = offsetNanos;
        this.edges = [];
        this.silence = clock.createAlarm(() => this.finish());
        this.sensor = clock.createAlarm(() => this.senseStroke());
        gpio[this.pins.STEP].addListener((state) => {
            if (state === GPIOPinState.High) {
                this.step();
            }
        });
        gpio[this.pins.STROKE_SENSOR].setInputValue(false);
    }

    /** ENABLE is active low with a pull-up at the driver: an undriven pin leaves the motor off. */
    get enabled() {
        return this.chip.gpio[this.pins.MOTOR_ENABLE].value === GPIOPinState.Low;
    }

    step() {
        this.steps++;
        if (!this.enabled) {
            this.idleSteps++;
            return;
        }
        this.edges.push(this.chip.clock.nanos + this.offsetNanos);
        if (this.edges.length === this.stepsPerStroke) {
            this.finish();
        } else {
            this.silence.schedule(SILENCE_NANOS);
        }
    }

    /** End the burst; also called when the chip loses power. */
    finish() {
        this.silence.cancel();
        if (!this.edges.length) {
            return;
        }
        const { edges } = this;
        this.edges = [];
        const direction = this.chip.gpio[this.pins.DIR].value === GPIOPinState.High ? 1 : 0;
        const edgeNanos = this.onBurst({ edges, direction });
        if (edgeNanos) {
            this.sensor.scheduleAt(edgeNanos - this.offsetNanos);
        }
    }

    senseStroke() {
        this.sensorHigh = !this.sensorHigh;
        this.chip.gpio[this.pins.STROKE_SENSOR].setInputValue(this.sensorHigh);
        if (this.sensorHigh) {
            this.sensor.schedule(SENSOR_PULSE_NANOS);
        }
    }
}
