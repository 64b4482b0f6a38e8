/**
 * MCP4728: channel A of the four-channel DAC on the bench I/O board, reference VDD.
 *
 * Fast write, multi-write and sequential write (datasheet, 5.6) move the output at the last byte's acknowledge; LDAC is low.
 * Not modelled: the EEPROM, the internal reference, gain, power-down, the other channels, settling (6 µs).
 */
const MULTI_WRITE = 0x40;
const COMMAND_BITS = 0xc0;
const CHANNEL_BITS = 0x06;

export class Dac {
    /** @param {(counts: number) => void} onCounts */
    constructor(onCounts) {
        this.address = 0x60;
        this.onCounts = onCounts;
        this.bytes = [];
        this.writes = 0;
    }

    start() {
        this.bytes = [];
    }

    write(byte) {
        this.bytes.push(byte);
        const [command, high, low] = this.bytes;
        if ((command & COMMAND_BITS) === 0 && this.bytes.length === 2) {
            this.show(command, high); // fast write: the first two bytes are channel A
        } else if ((command & COMMAND_BITS) === MULTI_WRITE && this.bytes.length === 3 && !(command & CHANNEL_BITS)) {
            this.show(high, low);
        }
        return true;
    }

    show(high, low) {
        this.writes++;
        this.onCounts(((high & 0x0f) << 8) | low);
    }

    read() {
        return 0xff;
    }

    stop() {}
}
