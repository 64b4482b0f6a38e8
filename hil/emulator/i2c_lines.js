/**
 * The two lines of the board's I2C bus as levels, pulled up, as the processor sees and drives them when it uses them as
 * ports.
 *
 * A device that a reset has cut off in mid-byte holds the data line low until it has seen the rest of its clocks; then
 * it waits for a stop. `hold(clocks)` simulates one. `stops` counts the stops that were driven by software.
 */
import { GPIOPinState } from './rp2040js.js';

export class Lines {
    /** @param {{I2C_SDA: number, I2C_SCL: number}} pins */
    constructor(pins) {
        this.pins = pins;
        this.clocksLeft = 0;
        this.clocks = 0;
        this.stops = 0;
    }

    /** @param {import('./chip.js').Chip} chip */
    attach(chip) {
        this.scl = chip.gpio[this.pins.I2C_SCL];
        this.sda = chip.gpio[this.pins.I2C_SDA];
        this.sclHigh = true;
        this.sdaHigh = true;
        chip.i2c[Math.floor(this.pins.I2C_SDA / 2) % 2].held = () => this.clocksLeft > 0;
        this.scl.addListener(() => this.changed());
        this.sda.addListener(() => this.changed());
        this.show();
    }

    /** Make a device hold the data line low for `clocks` more clocks. */
    hold(clocks) {
        this.clocksLeft = clocks;
        if (this.sda) {
            this.show();
        }
    }

    changed() {
        const { sclHigh, sdaHigh } = this;
        this.sclHigh = this.scl.value !== GPIOPinState.Low;
        if (this.sclHigh && !sclHigh) {
            this.clocks++;
            this.clocksLeft = Math.max(0, this.clocksLeft - 1);
        }
        this.show();
        if (this.sdaHigh && !sdaHigh && sclHigh && this.sclHigh) {
            this.stops++;
        }
    }

    show() {
        this.sdaHigh = this.clocksLeft === 0 && this.sda.value !== GPIOPinState.Low;
        this.scl.setInputValue(this.sclHigh);
        this.sda.setInputValue(this.sdaHigh);
    }
}
