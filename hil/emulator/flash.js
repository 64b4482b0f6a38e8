/**
 * The flash chip (W25Q16: 2 MiB, 4 KiB sectors, 256-byte pages) behind a controller of our own invention. The flash
 * functions of our stub boot ROM write command, address and length to the controller and poll it, as the real ones poll
 * the chip. So the CPU is held up for as long as a real erase takes, while PIO, DMA and timers go on.
 *
 * Cures: rp2040js can neither erase nor program, and serves reads at any time. Here any fetch or read, by CPU or DMA,
 * between "leave execute-in-place" and the second stage's "enter it again" is a violation: it is recorded (silicon
 * would return garbage), and the bench fails on it.
 */
import { FLASH_BYTES } from './layout.js';
import { BasePeripheral } from './rp2040js.js';

const COMMAND = 0x00;
const ADDRESS = 0x04;
const LENGTH = 0x08;
const SOURCE = 0x0c;
const BUSY = 0x10;
const EXIT_XIP = 1;
const ERASE = 2;
const PROGRAM = 3;
const ENTER_XIP = 4;

const SSI_ENABLE = 0x08;
const SECTOR_BYTES = 0x1000;
const BLOCK_BYTES = 0x10000;
const PAGE_BYTES = 0x100;
const VIOLATIONS_KEPT = 20;

/** W25Q16JV datasheet, AC characteristics: typical and maximum times. */
export const FLASH_TIMING = {
    typical: { sectorNanos: 45e6, blockNanos: 150e6, pageNanos: 0.4e6 },
    longest: { sectorNanos: 400e6, blockNanos: 2000e6, pageNanos: 3e6 },
};

export class FlashController extends BasePeripheral {
    constructor(rp2040, name, timing) {
        super(rp2040, name);
        this.timing = timing;
        this.address = 0;
        this.length = 0;
        this.source = 0;
        this.end = 0;
        this.erasing = false;
        this.busy = false;
        this.startNanos = 0;
        this.erases = 0;
        this.programs = 0;
        this.busyNanos = 0;
        this.violationCount = 0;
        /** @type {string[]} */
        this.violations = [];
        this.alarm = rp2040.clock.createAlarm(() => this.finishPart());
    }

    /** The second stage enables the SSI as its last act: execute-in-place works again. */
    watchSsi(ssi) {
        const write = ssi.writeUint32.bind(ssi);
        ssi.writeUint32 = (offset, value) => {
            write(offset, value);
            if (offset === SSI_ENABLE && value & 1) {
                this.enterXip();
            }
        };
    }

    enterXip() {
        if (this.busy) {
            this.violation('execute-in-place enabled while busy', 0);
        }
        this.rp2040.core.xipOff = false;
    }

    checkRead(address) {
        if (this.rp2040.core.xipOff) {
            this.violation('read', address);
        }
    }

    violation(what, address) {
        this.violationCount++;
        if (this.violations.length < VIOLATIONS_KEPT) {
            const { core, clock } = this.rp2040;
            const at = `pc ${(core.PC >>> 0).toString(16)}, ${Math.round(clock.nanos / 1000)} µs`;
            this.violations.push(`${what} ${address.toString(16)} while the flash is not readable, ${at}`);
        }
    }

    readUint32(offset) {
        if (offset !== BUSY || !this.busy) {
            return 0;
        }
        // A poller would see the same until something happens, so skip to that time.
        const { core, clock } = this.rp2040;
        core.skipNanos = clock.nextNanos;
        return 1;
    }

    writeUint32(offset, value) {
        switch (offset) {
            case ADDRESS:
                this.address = value;
                break;
            case LENGTH:
                this.length = value;
                break;
            case SOURCE:
                this.source = value;
                break;
            case COMMAND:
                this.command(value);
                break;
        }
    }

    command(value) {
        const { core } = this.rp2040;
        switch (value) {
            case EXIT_XIP:
                core.xipOff = true;
                break;
            case ENTER_XIP:
                this.enterXip();
                break;
            case ERASE:
            case PROGRAM: {
                const unit = value === ERASE ? SECTOR_BYTES : PAGE_BYTES;
                this.erasing = value === ERASE;
                this.end = this.address + this.length;
                if (!core.xipOff || this.address % unit || this.length % unit || this.end > FLASH_BYTES) {
                    core.fault(`flash command ${value} of ${this.length} bytes at ${this.address}`);
                } else if (this.length) {
                    this.busy = true;
                    this.startPart();
                }
                break;
            }
        }
    }

    /** Size of the present part: a page, a sector, or a block where one fits. */
    get partBytes() {
        if (!this.erasing) {
            return PAGE_BYTES;
        }
        return this.address % BLOCK_BYTES === 0 && this.end - this.address >= BLOCK_BYTES ? BLOCK_BYTES : SECTOR_BYTES;
    }

    get partNanos() {
        const { sectorNanos, blockNanos, pageNanos } = this.timing;
        return { [PAGE_BYTES]: pageNanos, [SECTOR_BYTES]: sectorNanos, [BLOCK_BYTES]: blockNanos }[this.partBytes];
    }

    startPart() {
        this.startNanos = this.rp2040.clock.nanos;
        this.alarm.schedule(this.partNanos);
    }

    finishPart() {
        const bytes = this.partBytes;
        this.busyNanos += this.partNanos;
        if (this.erasing) {
            this.erases++;
            this.rp2040.flash.fill(0xff, this.address, this.address + bytes);
        } else {
            this.programs++;
            this.programBytes(bytes);
        }
        this.rp2040.memory.runs.forget();
        this.address += bytes;
        if (this.address < this.end) {
            this.startPart();
        } else {
            this.busy = false;
        }
    }

    programBytes(count) {
        const { flash } = this.rp2040;
        for (let index = 0; index < count; index++) {
            flash[this.address + index] &= this.rp2040.readUint8(this.source++);
        }
    }

    /** Cut the power now. A write in progress stays half done. */
    cut() {
        if (!this.busy) {
            return;
        }
        const { flash, clock } = this.rp2040;
        const done = (clock.nanos - this.startNanos) / this.partNanos;
        this.alarm.cancel();
        this.busy = false;
        this.rp2040.memory.runs.forget();
        if (!this.erasing) {
            this.programBytes(Math.floor(PAGE_BYTES * done));
            return;
        }
        // Cells become erased one by one, in an order that is as good as random but the same in every run.
        let noise = (this.address ^ Math.floor(done * 1e6)) | 1;
        for (let at = this.address; at < this.address + this.partBytes; at++) {
            for (let bit = 1; bit < 256; bit <<= 1) {
                noise = Math.imul(noise, 1664525) + 1013904223;
                if ((noise >>> 8) / 0x1000000 < done) {
                    flash[at] |= bit;
                }
            }
        }
    }
}
