/**
 * The Cortex-M0+ of the emulated Pico: exceptions, sleep and time. The instructions themselves are in execute.js.
 *
 * Cures, of rp2040js 1.4.1:
 * - speed: its chain of comparisons runs a busy loop at 0.4 times real time; execute.js is several times as fast;
 * - interrupt entry costs no time there; 15 cycles here (Cortex-M0+ Technical Reference Manual, interrupt latency);
 * - a sleeping core enters a handler although PRIMASK is set, SysTick does not wake it, the NMI mask is not used;
 * - a pending bit is lost when the line falls before the handler runs; silicon keeps it;
 * - unaligned and unmapped accesses only print a line; here they are HardFaults, and recorded.
 *
 * Not modelled: misses of the flash cache, bus contention with DMA, the cycles of an exception's return.
 */
import { CortexM0Core } from './rp2040js.js';
import { execute } from './execute.js';

const LOWEST_PRIORITY = 4;
const EXC_NMI = 2;
const EXC_HARDFAULT = 3;
const EXC_SVCALL = 11;
const EXC_PENDSV = 14;
const EXC_SYSTICK = 15;
const ENTRY_CYCLES = 15;
const NVIC_ICPR = 0x280;
const SCR = 0xd10;
const SEVONPEND = 1 << 4;
const SRAM = 0x20000000;
const FLASH = 0x10000000;
const FLASH_END = 0x14000000;
const NOP = 0xbf00;

export class Cortex extends CortexM0Core {
    /** @param {import('./rp2040js.js').RP2040} chip @param {import('./clock.js').Clock} clock */
    constructor(chip, clock) {
        super(chip);
        this.clock = clock;
        this.cycleNanos = 1e9 / chip.clkSys;
        /** When the core has finished what it is at: never before the clock. */
        this.readyNanos = 0;
        /** A device that is polled may let the core sleep up to here (flash.js). */
        this.skipNanos = 0;
        this.stopRequested = false;
        /** Set by the flash controller while the flash cannot be read. */
        this.xipOff = false;
        this.levels = 0;
        this.scr = 0;
        this.waitingForEvent = false;
        this.instructions = 0;
        this.sleepNanos = 0;
        /** @type {null | (() => void)} */
        this.onSleep = null;
        /** @type {string[]} what would be a HardFault or worse on silicon */
        this.faults = [];
        this.signed = new Int32Array(this.registers.buffer);
        chip.addClockListener((hz) => {
            this.cycleNanos = 1e9 / hz;
        });
        const { ppb } = chip;
        const writePpb = ppb.writeUint32.bind(ppb);
        const readPpb = ppb.readUint32.bind(ppb);
        ppb.readUint32 = (offset) => (offset === SCR ? this.scr : readPpb(offset));
        ppb.writeUint32 = (offset, value) => {
            if (offset === NVIC_ICPR) {
                this.pendingInterrupts = (this.pendingInterrupts & ~value) | this.levels;
            } else if (offset === SCR) {
                this.scr = value;
            } else {
                writePpb(offset, value);
            }
        };
    }

    /** Let the chip live up to `untilNanos`, or until somebody calls stop(). */
    run(untilNanos) {
        const { clock } = this;
        this.stopRequested = false;
        for (;;) {
            clock.advanceTo(Math.min(this.readyNanos, untilNanos));
            if (this.stopRequested || clock.nanos >= untilNanos) {
                return;
            }
            if (this.interruptsUpdated) {
                this.wakeIfDue();
                this.checkForInterrupts();
            }
            if (this.waiting) {
                this.sleep(untilNanos);
            } else if (this.readyNanos <= clock.nanos) {
                execute(this, Math.min(clock.nextNanos, untilNanos));
            }
        }
    }

    stop() {
        this.stopRequested = true;
    }

    sleep(untilNanos) {
        const { clock } = this;
        if (this.onSleep) {
            this.onSleep();
            if (this.stopRequested) {
                return;
            }
        }
        const from = clock.nanos;
        const wake = Math.min(clock.nextNanos, untilNanos);
        if (wake === Infinity) {
            throw new Error('the chip sleeps and nothing will ever wake it');
        }
        clock.advanceTo(wake);
        this.sleepNanos += clock.nanos - from;
        // The core's own clock edges stay on one grid whatever woke it.
        this.readyNanos = Math.ceil(clock.nanos / this.cycleNanos) * this.cycleNanos;
    }

    setInterrupt(irq, value) {
        const bit = 1 << irq;
        if (value) {
            if (!(this.levels & bit)) {
                this.levels |= bit;
                this.pendingInterrupts |= bit;
                if (this.interruptNMIMask & bit) {
                    this.pendingNMI = true;
                }
                if (this.scr & SEVONPEND) {
                    this.eventRegistered = true;
                }
                this.interruptsUpdated = true;
            }
        } else {
            this.levels &= ~bit;
        }
    }

    /** End WFI or WFE if an interrupt would be taken were it not for PRIMASK. */
    wakeIfDue() {
        if (!this.waiting) {
            return;
        }
        const current = this.exceptionPriority(this.IPSR);
        if (this.waitingForEvent && this.eventRegistered) {
            this.eventRegistered = false;
            this.waiting = false;
        } else if (this.pendingNMI || this.bestPending(current)) {
            this.waiting = false;
        }
    }

    /** The exception to take next, of a priority above `current`; 0 if there is none. */
    bestPending(current) {
        const set = this.pendingInterrupts & this.enabledInterrupts;
        for (let priority = 0; priority < current; priority++) {
            if (this.pendingSVCall && priority === this.svCallPriority) {
                return EXC_SVCALL;
            }
            if (this.pendingPendSV && priority === this.pendSVPriority) {
                return EXC_PENDSV;
            }
            if (this.pendingSystick && priority === this.systickPriority) {
                return EXC_SYSTICK;
            }
            const level = set & this.interruptPriorities[priority];
            if (level) {
                return 16 + 31 - Math.clz32(level & -level);
            }
        }
        return 0;
    }

    checkForInterrupts() {
        let exception = EXC_NMI;
        if (!this.pendingNMI) {
            const current = Math.min(this.exceptionPriority(this.IPSR), this.PM ? 0 : LOWEST_PRIORITY);
            exception = this.bestPending(current);
        }
        this.interruptsUpdated = false;
        if (!exception) {
            return false;
        }
        switch (exception) {
            case EXC_NMI:
                this.pendingNMI = false;
                break;
            case EXC_SVCALL:
                this.pendingSVCall = false;
                break;
            case EXC_PENDSV:
                this.pendingPendSV = false;
                break;
            case EXC_SYSTICK:
                this.pendingSystick = false;
                break;
            default:
                this.pendingInterrupts &= ~(1 << (exception - 16));
        }
        this.enter(exception);
        return true;
    }

    enter(exception) {
        this.waiting = false;
        this.exceptionEntry(exception);
        this.readyNanos = Math.max(this.readyNanos, this.clock.nanos) + ENTRY_CYCLES * this.cycleNanos;
        this.interruptsUpdated = true;
    }

    exceptionReturn(excReturn) {
        const returned = this.IPSR - 16;
        super.exceptionReturn(excReturn);
        // A line still high asks again.
        if (returned >= 0 && this.levels & (1 << returned)) {
            this.pendingInterrupts |= 1 << returned;
        }
    }

    /** What silicon answers with a HardFault. @param {string} what */
    fault(what) {
        const text = `${what} at pc ${(this.PC >>> 0).toString(16)}, lr ${(this.LR >>> 0).toString(16)}`;
        this.faults.push(text);
        if (this.IPSR === EXC_HARDFAULT || this.IPSR === EXC_NMI || this.faults.length > 100) {
            throw new Error(`lockup: ${text}`);
        }
        this.pendingFault = true;
    }

    /** Leave a handler: BX or POP of an EXC_RETURN value. */
    leave(excReturn) {
        this.exceptionReturn(excReturn & 0x0fffffff);
    }

    /** Put the flags of the instruction loop where the rest of the core looks for them. */
    keepFlags(nz, c, v) {
        this.N = nz < 0;
        this.Z = nz === 0;
        this.C = c !== 0;
        this.V = v !== 0;
    }

    /** MRS, MSR and the barriers. */
    executeSystem(first, second) {
        if (first === 0xf3ef && second >> 12 === 8) {
            this.registers[(second >> 8) & 15] = this.readSpecialRegister(second & 255);
        } else if (first >> 4 === 0xf38 && second >> 8 === 0x88) {
            this.writeSpecialRegister(second & 255, this.registers[first & 15]);
        } else if (first !== 0xf3bf) {
            this.fault(`undefined instruction ${first.toString(16)} ${second.toString(16)}`);
        }
    }

    /** An instruction from outside of SRAM, ROM and the plain view of the flash. */
    fetch(address) {
        const from = address >>> 0;
        if (from >= SRAM && from - SRAM < this.rp2040.sram.length) {
            return this.rp2040.sram16[(from - SRAM) >> 1];
        }
        if (from >= FLASH && from < FLASH_END) {
            if (this.xipOff) {
                this.rp2040.flashController.violation('fetch', from);
            }
            return this.rp2040.flash16[(from & 0xffffff) >> 1];
        }
        this.fault(`fetch from ${from.toString(16)}`);
        return NOP;
    }

    /** A load that is not from plain memory. @param {number} access 1 … 5, see execute.js */
    load(address, access) {
        const { rp2040 } = this;
        if ((access === 1 && address & 3) || ((access === 2 || access === 4) && address & 1)) {
            this.fault(`unaligned load from ${address.toString(16)}`);
            return 0;
        }
        if (!rp2040.isMapped(address)) {
            this.fault(`load from ${address.toString(16)}`);
            return 0;
        }
        switch (access) {
            case 1:
                return rp2040.readUint32(address);
            case 2:
                return rp2040.readUint16(address);
            case 3:
                return rp2040.readUint8(address);
            case 4:
                return (rp2040.readUint16(address) << 16) >> 16;
            default:
                return (rp2040.readUint8(address) << 24) >> 24;
        }
    }

    /** A store that is not to plain memory. @param {number} access 6 … 8, see execute.js */
    store(address, access, value) {
        const { rp2040 } = this;
        if ((access === 6 && address & 3) || (access === 7 && address & 1)) {
            this.fault(`unaligned store to ${address.toString(16)}`);
        } else if (!rp2040.isMapped(address) || address < FLASH_END) {
            this.fault(`store to ${address.toString(16)}`);
        } else if (access === 6) {
            rp2040.writeUint32(address, value >>> 0);
        } else if (access === 7) {
            rp2040.writeUint16(address, value & 0xffff);
        } else {
            rp2040.writeUint8(address, value & 0xff);
        }
    }
}
