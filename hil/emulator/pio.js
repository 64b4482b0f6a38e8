/**
 * PIO state machines on their own divided clocks.
 *
 * Cures: rp2040js runs PIO from `setTimeout`, one instruction after the other regardless of the divider and the delays.
 * It ends stalls between clock edges, and ignores FIFO joining and the restart of dividers. Here each machine steps
 * when its own clock is due, in one order with timers and DMA. A stalled machine sleeps. A loop that only counts (`jmp
 * x-- self`) is skipped in one step, so that a day of strokes costs a third of a million instructions instead of ten
 * billion. A loop that counts and watches a pin (`jmp pin`, `jmp x-- back`) is skipped up to the pin's next change.
 *
 * Not modelled: the two cycles of the input synchronisers, OUT_STICKY.
 */
import { FIFO, StateMachine } from './rp2040js.js';

const CTRL = 0x000;
const SM0_CLKDIV = 0x0c8;
const SM_BYTES = 0x18;
const SM3_PINCTRL = 0x124;
const CLKDIV = 0x00;
const SHIFTCTRL = 0x08;
const ADDR = 0x0c;
const INSTR = 0x10;
const FJOIN_RX = 1 << 31;
const FJOIN_TX = 1 << 30;
const FIFO_WORDS = 4;
const X_DECREMENT = 2;
const Y_DECREMENT = 4;
const PIN = 6;
const SIDE_ENABLE = 1 << 30;

const evaluateWait = StateMachine.prototype.checkWait;

/** The timing of one state machine. */
class Pace {
    constructor(pio, machine) {
        this.pio = pio;
        this.machine = machine;
        this.clock = pio.rp2040.clock;
        this.alarm = this.clock.createAlarm(() => this.tick());
        this.originNanos = 0;
        this.next = 0; // tick of the machine's clock of the next step
        this.stepping = false;
        this.loop = null;
        this.watch = null;
        this.instructions = 0;
        machine.checkWait = () => this.mayHaveEnded();
        machine.clkDivRestart = () => this.restartDivider();
    }

    get divider256() {
        const { clockDivInt, clockDivFrac } = this.machine;
        return clockDivInt ? clockDivInt * 256 + clockDivFrac : 65536 * 256;
    }

    nanosOf(tick) {
        return this.originNanos + Math.floor((tick * this.divider256) / 256) * this.pio.rp2040.core.cycleNanos;
    }

    /** The first tick after now. */
    get tickAfterNow() {
        const cycles = Math.floor((this.clock.nanos - this.originNanos) / this.pio.rp2040.core.cycleNanos + 1e-6);
        return Math.ceil(((cycles + 1) * 256) / this.divider256);
    }

    restartDivider() {
        this.originNanos = this.clock.nanos;
        this.wake();
    }

    /** Step at the next tick, if there is anything to step. */
    wake() {
        if (this.machine.enabled) {
            this.next = this.tickAfterNow;
            this.alarm.scheduleAt(this.nanosOf(this.next));
        } else {
            this.alarm.cancel();
        }
    }

    /** Called by rp2040js when something has changed that a stalled machine may wait for. */
    mayHaveEnded() {
        if (this.stepping) {
            evaluateWait.call(this.machine);
        } else if (this.machine.waiting && this.machine.enabled && !this.alarm.scheduled) {
            this.wake();
        }
    }

    tick() {
        const { machine, pio } = this;
        if (this.watch) {
            this.leaveWatch(this.next);
        }
        if (this.loop) {
            machine[this.loop.register] = 0;
            this.loop = null;
        }
        const before = machine.cycles;
        this.stepping = true;
        this.instructions++;
        let ticks;
        if (machine.waiting) {
            evaluateWait.call(machine);
            ticks = machine.waiting ? 0 : 1 + machine.cycles - before;
        } else {
            const opcode = pio.instructions[machine.pc];
            const pc = machine.pc;
            machine.updatePC = true;
            machine.executeInstruction(opcode);
            if (machine.updatePC) {
                machine.nextPC();
            }
            ticks = machine.waiting ? 0 : machine.cycles - before;
            if (ticks && machine.pc === pc) {
                ticks = this.passLoop(opcode, ticks);
            } else if (ticks) {
                ticks = this.watchPin(pc, opcode, ticks);
            }
        }
        this.stepping = false;
        pio.checkChangedPins();
        if (ticks) {
            this.next += ticks;
            this.alarm.scheduleAt(this.nanosOf(this.next));
        }
    }

    /** Called after `jmp x-- self` has jumped: skip to the round that does not. Returns the ticks up to there. */
    passLoop(opcode, ticks) {
        const condition = (opcode >> 5) & 7;
        if (opcode >>> 13 !== 0 || (condition !== X_DECREMENT && condition !== Y_DECREMENT)) {
            return ticks;
        }
        const register = condition === X_DECREMENT ? 'x' : 'y';
        const rounds = this.machine[register];
        this.loop = { register, rounds, ticks, first: this.next + ticks };
        return ticks * (rounds + 1);
    }

    /**
     * Called when `jmp pin` has led to a `jmp x--` that leads back to it, or fallen through to one. Until the pin
     * changes, nothing but X changes. Returns the ticks up to X being zero, when the loop would end by itself.
     */
    watchPin(pc, opcode, ticks) {
        const { machine, pio } = this;
        const back = pio.instructions[machine.pc];
        const sideSet = machine.pinCtrl >>> 29 || machine.execCtrl & SIDE_ENABLE;
        const counts = back >>> 13 === 0 && ((back >> 5) & 7) === X_DECREMENT && (back & 31) === pc;
        if (opcode >>> 13 !== 0 || ((opcode >> 5) & 7) !== PIN || !counts || sideSet || machine.x === 0) {
            return ticks;
        }
        const round = ticks + 1 + ((back >> 8) & 31);
        this.watch = { pc, back: machine.pc, first: this.next, look: ticks, round, x: machine.x };
        return round * machine.x;
    }

    /** Set the machine to its state in the loop before `tick`: at the next check of the pin, or at the next count. */
    leaveWatch(tick) {
        const { machine } = this;
        const { pc, back, first, look, round, x } = this.watch;
        this.watch = null;
        const rounds = (since) => Math.max(0, Math.floor((tick - 1 - first - since) / round) + 1);
        const looks = rounds(0);
        const counts = rounds(look);
        machine.x = x - counts;
        machine.pc = looks === counts ? pc : back;
        this.next = looks === counts ? first + looks * round : first + counts * round + look;
    }

    /** The level of a pin is about to change. */
    pinChanges(index) {
        if (this.watch && this.machine.jmpPin === index) {
            this.settle();
        }
    }

    /** Bring the registers up to date before somebody reads them or stops the machine. */
    settle() {
        const { loop } = this;
        if (this.watch) {
            this.leaveWatch(this.tickAfterNow);
            if (this.alarm.scheduled) {
                this.alarm.scheduleAt(this.nanosOf(this.next));
            }
        }
        if (!loop) {
            return;
        }
        const done = Math.max(0, Math.floor((this.tickAfterNow - 1 - loop.first) / loop.ticks) + 1);
        this.machine[loop.register] = loop.rounds - done;
        this.next = loop.first + done * loop.ticks;
        this.loop = null;
        if (this.alarm.scheduled) {
            this.alarm.scheduleAt(this.nanosOf(this.next));
        }
    }

    joinFifos() {
        const { machine } = this;
        const joined = machine.shiftCtrl & (FJOIN_RX | FJOIN_TX);
        const tx = joined & FJOIN_TX ? 2 * FIFO_WORDS : joined & FJOIN_RX ? 0 : FIFO_WORDS;
        const rx = joined & FJOIN_RX ? 2 * FIFO_WORDS : joined & FJOIN_TX ? 0 : FIFO_WORDS;
        machine.txFIFO = new FIFO(tx);
        machine.rxFIFO = new FIFO(rx);
        machine.updateDMATx();
        machine.updateDMARx();
        this.pio.checkInterrupts();
    }

    /** An instruction from the CPU runs at once and ends a stall. */
    executed() {
        this.pio.checkChangedPins();
        if (this.machine.enabled && !this.alarm.scheduled) {
            this.wake();
        }
    }
}

/** @param {import('./rp2040js.js').RPPIO} pio */
export function curePio(pio) {
    const paces = pio.machines.map((machine) => new Pace(pio, machine));
    pio.paces = paces;
    pio.run = () => {};
    for (const pin of pio.rp2040.gpio) {
        const setInputValue = pin.setInputValue.bind(pin);
        pin.setInputValue = (level) => {
            if (level !== pin.rawInputValue) {
                paces.forEach((pace) => pace.pinChanges(pin.index));
            }
            setInputValue(level);
        };
    }
    const read = pio.readUint32.bind(pio);
    const write = pio.writeUint32.bind(pio);

    pio.readUint32 = (offset) => {
        if (offset >= SM0_CLKDIV && offset <= SM3_PINCTRL && (offset - SM0_CLKDIV) % SM_BYTES === ADDR) {
            paces[Math.floor((offset - SM0_CLKDIV) / SM_BYTES)].settle();
        }
        return read(offset);
    };
    pio.writeUint32 = (offset, value) => {
        if (offset === CTRL) {
            writeControl(paces, () => write(offset, value));
        } else if (offset >= SM0_CLKDIV && offset <= SM3_PINCTRL) {
            const index = Math.floor((offset - SM0_CLKDIV) / SM_BYTES);
            writeMachine(paces[index], (offset - SM0_CLKDIV) % SM_BYTES, value, () => write(offset, value));
        } else {
            write(offset, value);
        }
    };
}

function writeControl(paces, write) {
    const enabled = paces.map((pace) => {
        pace.settle();
        return pace.machine.enabled;
    });
    write();
    paces.forEach((pace, index) => {
        if (pace.machine.enabled !== enabled[index]) {
            pace.wake();
        } else if (pace.machine.enabled && !pace.machine.waiting && !pace.alarm.scheduled) {
            pace.wake(); // a restart has ended its stall
        }
    });
}

function writeMachine(pace, register, value, write) {
    const { machine } = pace;
    pace.settle();
    switch (register) {
        case CLKDIV:
            write();
            pace.originNanos = pace.clock.nanos;
            if (pace.alarm.scheduled) {
                pace.wake();
            }
            break;
        case SHIFTCTRL: {
            const before = machine.shiftCtrl;
            write();
            if ((before ^ machine.shiftCtrl) & (FJOIN_RX | FJOIN_TX)) {
                pace.joinFifos();
            }
            break;
        }
        case INSTR: {
            machine.waiting = false;
            pace.stepping = true;
            write();
            pace.stepping = false;
            pace.executed();
            break;
        }
        default:
            write();
    }
}
