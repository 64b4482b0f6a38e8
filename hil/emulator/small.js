/** Small devices that rp2040js leaves out. There they read as all ones, which looks like every flag being set. */
import { BasePeripheral } from './rp2040js.js';

const RANDOMBIT = 0x1c;
const ROSC_STATUS = 0x18;
const STATUS_STABLE = 0x80001000;
const VREG_ROK = 1 << 12;
const HAD_POR = 1 << 8;

/** A device of plain registers. */
export class Registers extends BasePeripheral {
    constructor(rp2040, name) {
        super(rp2040, name);
        this.values = new Map();
    }

    readUint32(offset) {
        return this.values.get(offset) ?? 0;
    }

    writeUint32(offset, value) {
        this.values.set(offset, value >>> 0);
    }
}

/** The ring oscillator. Its random bit comes from a shift register and is the same in every run. */
export class Rosc extends Registers {
    constructor(rp2040, name) {
        super(rp2040, name);
        this.shift = 0x1ee7c0de;
    }

    readUint32(offset) {
        if (offset === RANDOMBIT) {
            this.shift ^= this.shift << 13;
            this.shift ^= this.shift >>> 17;
            this.shift ^= this.shift << 5;
            return this.shift & 1;
        }
        return offset === ROSC_STATUS ? STATUS_STABLE : super.readUint32(offset);
    }
}

/** Voltage regulator, and the reason of the last chip reset. */
export class VoltageRegulator extends Registers {
    constructor(rp2040, name) {
        super(rp2040, name);
        this.values.set(8, HAD_POR);
    }

    readUint32(offset) {
        return offset === 0 ? super.readUint32(0) | VREG_ROK : super.readUint32(offset);
    }
}

/** Control of the flash cache. There is no cache, so a flush is done at once. */
export class XipControl extends Registers {
    readUint32(offset) {
        return offset === 8 ? 2 : super.readUint32(offset);
    }
}
