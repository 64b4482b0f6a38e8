/** The devices on the board's I2C bus: an FRAM and a real-time clock. Both outlive resets; the clock has a battery. */

const FRAM_BYTES = 32 * 1024;

/** MB85RC256V: 32 KiB, two address bytes, no write time; the address counter wraps around. */
export class Fram {
    constructor() {
        this.address = 0x50;
        this.bytes = new Uint8Array(FRAM_BYTES);
        this.writes = 0;
        this.at = 0;
        this.addressBytes = 0;
    }

    start(read) {
        this.addressBytes = read ? 2 : 0;
    }

    write(byte) {
        if (this.addressBytes < 2) {
            this.at = ((this.at << 8) | byte) & (FRAM_BYTES - 1);
            this.addressBytes++;
        } else {
            this.bytes[this.at] = byte;
            this.writes++;
            this.at = (this.at + 1) & (FRAM_BYTES - 1);
        }
        return true;
    }

    read() {
        const byte = this.bytes[this.at];
        this.at = (this.at + 1) & (FRAM_BYTES - 1);
        return byte;
    }

    stop() {}
}

const RTC_REGISTERS = 256;
const TIME_REGISTERS = 7; // seconds, minutes, hours, weekday, date, month, year
const STATUS = 0x0e;
const POWER_ON_FLAG = 1;
const UNIX_TIME = 0x1b;

const toBcd = (value) => (Math.floor(value / 10) << 4) | (value % 10);
const fromBcd = (byte) => (byte >> 4) * 10 + (byte & 15);

/** RV-3028-C7: time of day and Unix time; its other registers are plain memory. */
export class Rtc {
    /** @param {() => number} nowNanos the bench's time @param {number} epochMillis wall time at nanosecond 0 */
    constructor(nowNanos, epochMillis) {
        this.address = 0x52;
        this.nowNanos = nowNanos;
        this.epochMillis = epochMillis;
        this.registers = new Uint8Array(RTC_REGISTERS);
        this.registers[STATUS] = POWER_ON_FLAG;
        this.at = 0;
        this.pointed = false;
    }

    get millis() {
        return this.epochMillis + this.nowNanos() / 1e6;
    }

    /** A read starts with one snapshot of the clock: the chip blocks its counters during a transfer. */
    latch() {
        const now = new Date(this.millis);
        const fields = [now.getUTCSeconds(), now.getUTCMinutes(), now.getUTCHours(), now.getUTCDay()];
        fields.push(now.getUTCDate(), now.getUTCMonth() + 1, now.getUTCFullYear() % 100);
        fields.forEach((value, index) => {
            this.registers[index] = toBcd(value);
        });
        new DataView(this.registers.buffer).setUint32(UNIX_TIME, Math.floor(this.millis / 1000), true);
    }

    start(read) {
        this.pointed = read;
        this.touched = 0;
        this.latch();
    }

    write(byte) {
        if (!this.pointed) {
            this.at = byte;
            this.pointed = true;
            return true;
        }
        this.registers[this.at] = byte;
        if (this.at < TIME_REGISTERS) {
            this.touched++;
        }
        this.at = (this.at + 1) % RTC_REGISTERS;
        return true;
    }

    read() {
        const byte = this.registers[this.at];
        this.at = (this.at + 1) % RTC_REGISTERS;
        return byte;
    }

    stop() {
        if (this.touched) {
            const [second, minute, hour, , date, month, year] = this.registers.subarray(0, 7).map(fromBcd);
            const millis = Date.UTC(2000 + year, month - 1, date, hour, minute, second);
            this.epochMillis += millis - this.millis;
            this.touched = 0;
        }
    }
}
