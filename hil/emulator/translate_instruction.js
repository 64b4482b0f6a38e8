/** Each kind of instruction as WebAssembly, written to a run. */
import { AT, PUSH_BYTES_MAX, SRAM, SRAM_BYTES } from './layout.js';
import { isZero, signOf } from './translate_run.js';
import * as wasm from './wasm.js';
import { ACCESS, and, complement, number, or, xor } from './wasm.js';

const SIO = 0xd0000000 | 0;
const DIVIDER = 0x60;
const DIVIDER_STATUS = 0x78;

/** Writers of each kind of instruction: (run, opcode, its address). Kinds missing here are left to execute.js. */
export const WRITE = {
    LSL_IMM(w, op) {
        const known = w.known.get((op >> 3) & 7);
        shiftBy(w, op, (x, n) =>
            n ? [wasm.shiftLeft(x, number(n)), bit(wasm.shiftRight(x, number(32 - n)))] : [x, null],
        );
        if (known !== undefined) {
            w.known.set(op & 7, known << ((op >> 6) & 31));
        }
    },
    LSR_IMM(w, op) {
        shiftBy(w, op, (x, n) =>
            n ? [wasm.shiftRight(x, number(n)), bit(wasm.shiftRight(x, number(n - 1)))] : [number(0), signOf(x)],
        );
    },
    ASR_IMM(w, op) {
        shiftBy(w, op, (x, n) => [
            wasm.shiftSigned(x, number(n || 31)),
            n ? bit(wasm.shiftRight(x, number(n - 1))) : signOf(x),
        ]);
    },
    ADD_REG: (w, op) => w.set(op & 7, w.add(w.keep(w.reg((op >> 3) & 7)), w.keep(w.reg((op >> 6) & 7)))),
    ADD_IMM3: (w, op) => w.set(op & 7, w.add(w.keep(w.reg((op >> 3) & 7)), number((op >> 6) & 7))),
    ADD_IMM8: (w, op) => w.set((op >> 8) & 7, w.add(w.keep(w.reg((op >> 8) & 7)), number(op & 255))),
    SUB_REG: (w, op) => w.set(op & 7, w.subtract(w.keep(w.reg((op >> 3) & 7)), w.keep(w.reg((op >> 6) & 7)))),
    SUB_IMM3: (w, op) => w.set(op & 7, w.subtract(w.keep(w.reg((op >> 3) & 7)), number((op >> 6) & 7))),
    SUB_IMM8: (w, op) => w.set((op >> 8) & 7, w.subtract(w.keep(w.reg((op >> 8) & 7)), number(op & 255))),
    CMP_IMM: (w, op) => w.subtract(w.keep(w.reg((op >> 8) & 7)), number(op & 255)),
    CMP: (w, op) => w.subtract(w.keep(w.reg(op & 7)), w.keep(w.reg((op >> 3) & 7))),
    CMN: (w, op) => w.add(w.keep(w.reg(op & 7)), w.keep(w.reg((op >> 3) & 7))),
    CMP_HI(w, op) {
        const [n, m] = [((op >> 4) & 8) | (op & 7), (op >> 3) & 15];
        if (n === 15 || m === 15) {
            return false;
        }
        w.subtract(w.keep(w.reg(n)), w.keep(w.reg(m)));
    },
    MOV_IMM(w, op) {
        w.setKnown((op >> 8) & 7, op & 255);
        w.flag(number(op & 255));
    },
    AND: (w, op) => logic(w, op, and),
    EOR: (w, op) => logic(w, op, xor),
    ORR: (w, op) => logic(w, op, or),
    BIC: (w, op) => logic(w, op, (a, b) => and(a, complement(b))),
    MVN: (w, op) => logic(w, op, (_, b) => complement(b)),
    MUL: (w, op) => logic(w, op, wasm.times),
    TST: (w, op) => w.flag(w.keep(and(w.reg(op & 7), w.reg((op >> 3) & 7)))),
    LSL(w, op) {
        shiftByRegister(w, op, (x, n) => [
            wasm.select(wasm.below(n, number(32)), wasm.shiftLeft(x, n), number(0)),
            and(bit(wasm.shiftRight(x, wasm.minus(number(32), n))), wasm.below(n, number(33))),
        ]);
    },
    LSR(w, op) {
        shiftByRegister(w, op, (x, n) => [
            wasm.select(wasm.below(n, number(32)), wasm.shiftRight(x, n), number(0)),
            and(bit(wasm.shiftRight(x, wasm.minus(n, number(1)))), wasm.below(n, number(33))),
        ]);
    },
    ASR(w, op) {
        shiftByRegister(w, op, (x, n) => [
            wasm.shiftSigned(x, wasm.select(wasm.below(n, number(32)), n, number(31))),
            wasm.select(wasm.below(n, number(32)), bit(wasm.shiftRight(x, wasm.minus(n, number(1)))), signOf(x)),
        ]);
    },
    ROR(w, op) {
        shiftByRegister(w, op, (x, n) => [wasm.rotateRight(x, n), bit(wasm.shiftRight(x, wasm.minus(n, number(1))))]);
    },
    ADC(w, op) {
        const carry = w.keep(w.flags.c);
        w.set(op & 7, w.add(w.keep(w.reg(op & 7)), w.keep(w.reg((op >> 3) & 7)), carry));
    },
    SBC(w, op) {
        const carry = w.keep(w.flags.c);
        w.set(op & 7, w.add(w.keep(w.reg(op & 7)), w.keep(complement(w.reg((op >> 3) & 7))), carry));
    },
    RSB(w, op) {
        const b = w.keep(w.reg((op >> 3) & 7));
        const nz = w.keep(wasm.minus(number(0), b));
        w.flag(nz, isZero(b), signOf(and(b, nz)));
        w.set(op & 7, nz);
    },
    ADD_HI: (w, op, at) => moveHigh(w, op, at, true),
    MOV_HI: (w, op, at) => moveHigh(w, op, at, false),
    SXTH: (w, op) => w.set(op & 7, wasm.signedHalf(w.reg((op >> 3) & 7))),
    SXTB: (w, op) => w.set(op & 7, wasm.signedByte(w.reg((op >> 3) & 7))),
    UXTH: (w, op) => w.set(op & 7, and(w.reg((op >> 3) & 7), number(0xffff))),
    UXTB: (w, op) => w.set(op & 7, and(w.reg((op >> 3) & 7), number(0xff))),
    REV(w, op) {
        const x = w.keep(w.reg((op >> 3) & 7));
        const outer = or(wasm.shiftLeft(x, number(24)), wasm.shiftRight(x, number(24)));
        const high = and(wasm.shiftLeft(x, number(8)), number(0xff0000));
        const low = and(wasm.shiftRight(x, number(8)), number(0xff00));
        w.set(op & 7, or(outer, or(high, low)));
    },
    ADR: (w, op, at) => w.setKnown((op >> 8) & 7, ((at + 4) & ~3) + ((op & 255) << 2)),
    ADD_SP: (w, op) => w.set((op >> 8) & 7, wasm.plus(w.reg(13), number((op & 255) << 2))),
    ADJUST_SP: (w, op) => w.set(13, wasm.plus(w.reg(13), number(((op & 127) << 2) * (op & 0x80 ? -1 : 1)))),
    LDR_LIT(w, op, at) {
        const from = ((at + 4) & ~3) + ((op & 255) << 2);
        const [low, high] = [w.fetch(from), w.fetch(from + 2)];
        if (low < 0 || high < 0) {
            return false;
        }
        w.setKnown((op >> 8) & 7, low | (high << 16));
        w.cycles++;
    },
    STR_REG: (w, op, at) => w.store(at, byRegister(w, op), w.reg(op & 7), ACCESS.WORD),
    STRH_REG: (w, op, at) => w.store(at, byRegister(w, op), w.reg(op & 7), ACCESS.HALF),
    STRB_REG: (w, op, at) => w.store(at, byRegister(w, op), w.reg(op & 7), ACCESS.BYTE),
    LDR_REG: (w, op, at) => w.load(at, byRegister(w, op), op & 7, ACCESS.WORD),
    LDRH_REG: (w, op, at) => w.load(at, byRegister(w, op), op & 7, ACCESS.HALF),
    LDRB_REG: (w, op, at) => w.load(at, byRegister(w, op), op & 7, ACCESS.BYTE),
    LDRSH: (w, op, at) => w.load(at, byRegister(w, op), op & 7, ACCESS.SIGNED_HALF),
    LDRSB: (w, op, at) => w.load(at, byRegister(w, op), op & 7, ACCESS.SIGNED_BYTE),
    STR_IMM(w, op, at) {
        const divider = dividerOffset(w, op);
        if (divider) {
            w.emit(wasm.call(wasm.IMPORT.WRITE, number(divider), w.reg(op & 7)));
        } else {
            w.store(at, byImmediate(w, op, 2), w.reg(op & 7), ACCESS.WORD);
        }
    },
    STRH_IMM: (w, op, at) => w.store(at, byImmediate(w, op, 1), w.reg(op & 7), ACCESS.HALF),
    STRB_IMM: (w, op, at) => w.store(at, byImmediate(w, op, 0), w.reg(op & 7), ACCESS.BYTE),
    LDR_IMM(w, op, at) {
        const divider = dividerOffset(w, op);
        if (divider) {
            w.set(op & 7, wasm.call(wasm.IMPORT.READ, number(divider)));
        } else {
            w.load(at, byImmediate(w, op, 2), op & 7, ACCESS.WORD);
        }
    },
    LDRH_IMM: (w, op, at) => w.load(at, byImmediate(w, op, 1), op & 7, ACCESS.HALF),
    LDRB_IMM: (w, op, at) => w.load(at, byImmediate(w, op, 0), op & 7, ACCESS.BYTE),
    STR_SP: (w, op, at) => w.store(at, byStack(w, op), w.reg((op >> 8) & 7), ACCESS.WORD),
    LDR_SP: (w, op, at) => w.load(at, byStack(w, op), (op >> 8) & 7, ACCESS.WORD),
    PUSH(w, op, at) {
        const list = [...listed(op & 255), ...(op & 0x100 ? [14] : [])];
        const to = w.keep(wasm.minus(w.reg(13), number(SRAM)));
        const outside = or(wasm.less(to, number(PUSH_BYTES_MAX)), wasm.greater(to, number(SRAM_BYTES)));
        w.exitIf(or(outside, w.nearGuard(to)), w.giveUp(at));
        const from = w.keep(wasm.minus(to, number(list.length * 4)));
        list.forEach((n, place) => w.emit(wasm.store(ACCESS.WORD, from, AT.SRAM + place * 4, w.reg(n))));
        w.set(13, wasm.minus(w.reg(13), number(list.length * 4)));
        w.cycles += list.length;
    },
    POP(w, op, at) {
        const list = listed(op & 255);
        const from = w.keep(wasm.minus(w.reg(13), number(SRAM)));
        const whole = (list.length + (op & 0x100 ? 1 : 0)) * 4;
        w.exitIf(wasm.above(from, number(SRAM_BYTES - whole)), w.giveUp(at));
        const word = (place) => wasm.load(ACCESS.WORD, from, AT.SRAM + place * 4);
        const to = op & 0x100 ? w.keep(word(list.length)) : null;
        if (to) {
            w.exitIf(returnsFromException(to), w.giveUp(at));
        }
        list.forEach((n, place) => w.set(n, word(place)));
        w.set(13, wasm.plus(w.reg(13), number(whole)));
        w.cycles += list.length;
        if (to) {
            w.cycles += 2;
            w.exitIf(null, w.leaveFor(to));
            return null;
        }
    },
    STM(w, op, at) {
        const [n, list] = [(op >> 8) & 7, listed(op & 255)];
        const to = block(w, at, n, list);
        list.forEach((each, place) => w.emit(wasm.store(ACCESS.WORD, to, AT.SRAM + place * 4, w.reg(each))));
        w.set(n, wasm.plus(w.reg(n), number(list.length * 4)));
        w.cycles += list.length;
    },
    LDM(w, op, at) {
        const [n, list] = [(op >> 8) & 7, listed(op & 255)];
        const from = block(w, at, n, list);
        if (!list.includes(n)) {
            w.set(n, wasm.plus(w.reg(n), number(list.length * 4)));
        }
        list.forEach((each, place) => w.set(each, wasm.load(ACCESS.WORD, from, AT.SRAM + place * 4)));
        w.cycles += list.length;
    },
    BX: (w, op, at) => jump(w, at, (op >> 3) & 15),
    BLX(w, op, at) {
        const n = (op >> 3) & 15;
        if (n > 13) {
            return false;
        }
        w.setKnown(14, (at + 2) | 1);
        w.cycles++;
        w.exitIf(null, w.leaveFor(w.reg(n)));
        return null;
    },
    B_COND(w, op, at) {
        const to = (at + 4 + ((op << 24) >> 23)) | 0;
        w.exitIf(w.condition((op >> 8) & 15), w.leave(to, w.cycles + 1));
    },
    B(w, op, at) {
        w.cycles++;
        return (at + 4 + ((op << 21) >> 20)) | 0;
    },
    WIDE(w, op, at) {
        const second = w.fetch(at + 2);
        if (second < 0 || (second & 0xd000) !== 0xd000) {
            return false;
        }
        const s = (op >> 10) & 1;
        const i1 = ((second >> 13) & 1) ^ s ^ 1;
        const i2 = ((second >> 11) & 1) ^ s ^ 1;
        const offset = (s ? 0xff000000 : 0) | (i1 << 23) | (i2 << 22) | ((op & 0x3ff) << 12) | ((second & 0x7ff) << 1);
        w.setKnown(14, (at + 4) | 1);
        w.cycles += 2;
        return (at + 4 + offset) | 0;
    },
};

const bit = (x) => and(x, number(1));
const listed = (bits) => [0, 1, 2, 3, 4, 5, 6, 7].filter((n) => bits & (1 << n));
const byRegister = (w, op) => wasm.plus(w.reg((op >> 3) & 7), w.reg((op >> 6) & 7));
const byImmediate = (w, op, shift) => wasm.plus(w.reg((op >> 3) & 7), number(((op >> 6) & 31) << shift));
const byStack = (w, op) => wasm.plus(w.reg(13), number((op & 255) << 2));
const returnsFromException = (to) => wasm.equal(wasm.shiftRight(to, number(28)), number(15));

/**
 * The divider's register of this load or store, 0 if none. The divider is the one device that depends on no time and no
 * bus.
 */
function dividerOffset(w, op) {
    const offset = (w.known.get((op >> 3) & 7) ?? 0) + (((op >> 6) & 31) << 2) - SIO;
    return offset >= DIVIDER && offset <= DIVIDER_STATUS ? offset : 0;
}

function shiftBy(w, op, how) {
    const [value, carry] = how(w.keep(w.reg((op >> 3) & 7)), (op >> 6) & 31);
    const nz = w.keep(value);
    w.flag(nz, carry ?? w.flags.c);
    w.set(op & 7, nz);
}

/** A shift by 0 leaves the carry unchanged. */
function shiftByRegister(w, op, how) {
    const by = w.keep(and(w.reg((op >> 3) & 7), number(255)));
    const [value, carry] = how(w.keep(w.reg(op & 7)), by);
    const nz = w.keep(value);
    w.flag(nz, w.keep(wasm.select(by, carry, w.flags.c)));
    w.set(op & 7, nz);
}

function logic(w, op, how) {
    const nz = w.keep(how(w.reg(op & 7), w.reg((op >> 3) & 7)));
    w.flag(nz);
    w.set(op & 7, nz);
}

function moveHigh(w, op, at, add) {
    const [d, m] = [((op >> 4) & 8) | (op & 7), (op >> 3) & 15];
    const from = (n) => (n === 15 ? number(at + 4) : w.reg(n));
    const value = add ? wasm.plus(from(m), from(d)) : from(m);
    if (d === 15) {
        w.cycles++;
        w.exitIf(null, w.leaveFor(value));
        return null;
    }
    w.set(d, d === 13 ? and(value, number(~3)) : value);
}

function jump(w, at, n) {
    if (n === 15) {
        return false;
    }
    const known = w.known.get(n);
    if (known !== undefined && known >>> 28 !== 15) {
        w.cycles++;
        return known & ~1;
    }
    w.exitIf(returnsFromException(w.reg(n)), w.giveUp(at));
    w.cycles++;
    w.exitIf(null, w.leaveFor(w.reg(n)));
    return null;
}

/** The start of a block transfer in SRAM. Unless all of it is in SRAM, the instruction is given up. */
function block(w, at, n, list) {
    const from = w.keep(wasm.minus(w.reg(n), number(SRAM)));
    const outside = wasm.above(from, number(SRAM_BYTES - list.length * 4));
    w.exitIf(or(outside, and(from, number(3))), w.giveUp(at));
    return from;
}
