/**
 * The Cortex-M0+ of the emulated Pico: exceptions, sleep and time. The instructions themselves are in execute.js.
 *
 * Cures of rp2040js 1.4.1:
 * - speed: its chain of comparisons runs a busy loop at 0.4 times real time; execute.js is several times as fast;
 * - interrupt entry takes no time there; 15 cycles here (Cortex-M0+ Technical Reference Manual, interrupt latency);
 * - a sleeping core enters a handler although PRIMASK is set, SysTick does not wake it, the NMI mask is not used;
 * - an exception's frame is written wherever the stack pointer points, even into the flash; silicon locks up;
 * - the MPU does nothing: here its first region without any access is kept from PUSH and from exceptions' frames;
 * - a pending bit is lost when the line falls before the handler runs; silicon keeps it.
 *
 * Not modelled: misses of the flash cache, bus contention with DMA, the cycles of an exception's return.
 */
import { guarded } from './blocks.js';
import { Bus } from './bus.js';
import { execute } from './execute.js';
import { SRAM, SRAM_BYTES, STATE } from './layout.js';

const FRAME_BYTES = 32;
const LOWEST_PRIORITY = 4;
const EXC_NMI = 2;
const EXC_SVCALL = 11;
const EXC_PENDSV = 14;
const EXC_SYSTICK = 15;
const ENTRY_CYCLES = 15;
const NVIC_ICPR = 0x280;
const SCR = 0xd10;
const SEVONPEND = 1 << 4;
const EXC_HARDFAULT = 3;
const MPU_CTRL = 0xd94;
const MPU_RBAR = 0xd9c;
const MPU_RASR = 0xda0;
const MPU_ACCESS = 7 << 24;

export class Cortex extends Bus {
    /** @param {import('./rp2040js.js').RP2040} chip @param {import('./clock.js').Clock} clock @param {import('./memory.js').Memory} memory */
    constructor(chip, clock, memory) {
        super(chip);
        this.clock = clock;
        this.cycleNanos = 1e9 / chip.clkSys;
        /** Time at which the core finishes its current work; never before the clock. */
        this.readyNanos = 0;
        /** A polled device may let the core sleep up to here (flash.js). */
        this.skipNanos = 0;
        this.stopRequested = false;
        this.levels = 0;
        this.scr = 0;
        this.waitingForEvent = false;
        this.instructions = 0;
        this.sleepNanos = 0;
        /** @type {null | (() => void)} */
        this.onSleep = null;
        this.registers = memory.registers.fill(0);
        this.signed = memory.signed;
        this.state = memory.state;
        this.mpu = { control: 0, base: 0, size: 0 };
        this.protect(MPU_CTRL, 0);
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
            } else if (offset >= MPU_CTRL && offset <= MPU_RASR) {
                this.protect(offset, value);
            } else {
                writePpb(offset, value);
            }
        };
    }

    /** A write to the MPU, of which one region is modelled (ARM DDI 0419, B3.5). */
    protect(offset, value) {
        const { mpu } = this;
        if (offset === MPU_CTRL) {
            mpu.control = value;
        } else if (offset === MPU_RBAR) {
            mpu.base = value & ~0xff;
        } else if (offset === MPU_RASR) {
            mpu.size = value & 1 && !(value & MPU_ACCESS) ? 2 << ((value >> 1) & 31) : 0;
        }
        this.state[STATE.GUARD] = mpu.base - SRAM;
        this.state[STATE.GUARD_BYTES] = mpu.control & 1 ? mpu.size : 0;
    }

    /** Run the chip up to `untilNanos`, or until stop() is called. */
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
        // Whatever woke the core, its clock edges stay on one grid.
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

    /** End WFI or WFE if an interrupt would be taken with PRIMASK clear. */
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

    /** The next exception to take, of a priority above `current`; 0 if there is none. */
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
        const frame = (this.signed[13] - FRAME_BYTES - SRAM) | 0;
        if (frame >>> 0 > SRAM_BYTES - FRAME_BYTES) {
            throw new Error(`lockup: exception ${exception} with the stack pointer at ${this.registers[13].toString(16)}`);
        }
        this.waiting = false;
        if (exception !== EXC_HARDFAULT && guarded(frame, FRAME_BYTES, this.state)) {
            this.faults.push(`the frame of exception ${exception} in the guarded region, pc ${(this.PC >>> 0).toString(16)}`);
            this.exceptionEntry(EXC_HARDFAULT);
        } else {
            this.exceptionEntry(exception);
        }
        if (this.IPSR === EXC_HARDFAULT) {
            this.state[STATE.GUARD_BYTES] = 0; // HFNMIENA is 0: there the MPU is off
        }
        this.readyNanos = Math.max(this.readyNanos, this.clock.nanos) + ENTRY_CYCLES * this.cycleNanos;
        this.interruptsUpdated = true;
    }

    exceptionReturn(excReturn) {
        const returned = this.IPSR - 16;
        super.exceptionReturn(excReturn);
        // A line that is still high makes its interrupt pending again.
        if (returned >= 0 && this.levels & (1 << returned)) {
            this.pendingInterrupts |= 1 << returned;
        }
    }

    /** Leave a handler: BX or POP of an EXC_RETURN value. */
    leave(excReturn) {
        this.exceptionReturn(excReturn & 0x0fffffff);
    }

    /** Store the flags of the instruction loop where the rest of the core expects them. */
    keepFlags(nz, c, v) {
        this.N = nz < 0;
        this.Z = nz === 0;
        this.C = c !== 0;
        this.V = v !== 0;
    }
}
