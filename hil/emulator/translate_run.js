/**
 * One run of instructions while it is translated: its code so far, and where its registers and flags are.
 */
import { AT, FLASH, FLASH_SPACE_BYTES, PUSH_BYTES_MAX, SRAM, SRAM_BYTES, STATE } from './layout.js';
import * as wasm from './wasm.js';
import { ACCESS, and, complement, get, number, or, xor } from './wasm.js';

/**
 * Local variables of a translated function. Registers come first, by their number plus one; values that a run keeps
 * come last.
 */
export const LOCAL = Object.freeze({ ENTRY: 0, R0: 1, NZ: 16, C: 17, V: 18, CYCLES: 19, LIMIT: 20, INSTRUCTIONS: 21, KEPT: 22 });
const r = (n) => get(LOCAL.R0 + n);

/** The flags at the start of a run. */
const FOUND = Object.freeze({ nz: get(LOCAL.NZ), c: get(LOCAL.C), v: get(LOCAL.V) });

export const isZero = wasm.not;
const isNegative = (x) => wasm.less(x, number(0));
export const signOf = (x) => wasm.shiftRight(x, number(31));

/** Each condition as a function of the flags, 0 … 13. C and V are 0 or 1. */
const CONDITIONS = [
    ({ nz }) => isZero(nz),
    ({ nz }) => nz,
    ({ c }) => c,
    ({ c }) => isZero(c),
    ({ nz }) => isNegative(nz),
    ({ nz }) => isZero(isNegative(nz)),
    ({ v }) => v,
    ({ v }) => isZero(v),
    ({ c, nz }) => and(c, wasm.differ(nz, number(0))),
    ({ c, nz }) => or(isZero(c), isZero(nz)),
    ({ nz, v }) => wasm.equal(isNegative(nz), v),
    ({ nz, v }) => wasm.differ(isNegative(nz), v),
    ({ nz, v }) => and(wasm.differ(nz, number(0)), wasm.equal(isNegative(nz), v)),
    ({ nz, v }) => or(isZero(nz), wasm.differ(isNegative(nz), v)),
];
/** The same after `a - b`, where a comparison gives the condition directly. */
const COMPARISONS = {
    2: wasm.notBelow,
    3: wasm.below,
    8: wasm.above,
    9: wasm.notAbove,
    10: wasm.atLeast,
    11: wasm.less,
    12: wasm.greater,
    13: wasm.atMost,
};

/**
 * One run being written. `code` consists of bytes and of exits: {when, exit}. `when` is null if the exit is always
 * taken. runs.js writes the exits.
 */
export class Run {
    /** @param {(at: number) => number} fetch the half word there, -1 outside translatable memory */
    constructor(fetch, start) {
        /** The source of the run where it may change: half words of SRAM, by their addresses. */
        this.sources = new Map();
        this.fetch = (at) => {
            const half = fetch(at);
            if ((at - SRAM) >>> 0 < SRAM_BYTES) {
                this.sources.set(at, half);
            }
            return half;
        };
        this.start = start;
        /** @type {(number[] | {when: number[] | null, exit: object})[]} */
        this.code = [];
        this.used = new Set();
        this.changed = new Set();
        /** @type {Map<number, number>} registers with the same value in every pass */
        this.known = new Map();
        this.flags = FOUND;
        this.cycles = 0;
        /** Most cycles that it may take. */
        this.reach = 0;
        this.instructions = 0;
        this.kept = 0;
    }

    /** The check whether the source of the run has changed; null if it cannot. */
    stale() {
        const parts = [...this.sources].map(([at, half]) =>
            xor(wasm.load(ACCESS.HALF, number(at - SRAM), AT.SRAM), number(half)),
        );
        return parts.length ? parts.reduce(or) : null;
    }

    emit(bytes) {
        this.code.push(bytes);
    }

    reg(n) {
        this.used.add(n);
        return r(n);
    }

    set(n, value) {
        this.used.add(n);
        this.changed.add(n);
        this.known.delete(n);
        this.emit(wasm.set(LOCAL.R0 + n, value));
    }

    /** @param {number} value that this register now always has */
    setKnown(n, value) {
        this.set(n, number(value));
        this.known.set(n, value | 0);
    }

    /** A value kept in a variable of its own, because its register may change before it is read. */
    keep(value) {
        const local = LOCAL.KEPT + this.kept++;
        this.emit(wasm.set(local, value));
        return get(local);
    }

    /** Set the flags by `nz`, and by `c` and `v` if given. */
    flag(nz, c = this.flags.c, v = this.flags.v) {
        this.flags = { nz, c, v };
    }

    add(a, b, carry = null) {
        const sum = wasm.plus(a, b);
        const nz = this.keep(carry ? wasm.plus(sum, carry) : sum);
        this.flag(
            nz,
            signOf(or(and(a, b), and(or(a, b), complement(nz)))),
            signOf(and(xor(a, nz), xor(b, nz))),
        );
        return nz;
    }

    subtract(a, b) {
        const nz = this.keep(wasm.minus(a, b));
        this.flags = { nz, c: wasm.notBelow(a, b), v: signOf(and(xor(a, b), xor(a, nz))), a, b };
        return nz;
    }

    condition(place) {
        const { a, b } = this.flags;
        return a !== undefined && COMPARISONS[place] ? COMPARISONS[place](a, b) : CONDITIONS[place](this.flags);
    }

    /** The state when the run is left, stored where all runs expect it. */
    put(cycles, instructions) {
        this.reach = Math.max(this.reach, cycles);
        const { nz, c, v } = this.flags;
        const add = (local, value) => (value ? wasm.set(local, wasm.plus(get(local), number(value))) : []);
        return [
            ...add(LOCAL.CYCLES, cycles),
            ...add(LOCAL.INSTRUCTIONS, instructions),
            ...(c === FOUND.c ? [] : wasm.set(LOCAL.C, c)),
            ...(v === FOUND.v ? [] : wasm.set(LOCAL.V, v)),
            ...(nz === FOUND.nz ? [] : wasm.set(LOCAL.NZ, nz)),
        ];
    }

    /** @param {number[] | null} condition @param {object} exit */
    exitIf(condition, exit) {
        this.code.push({ when: condition, exit });
    }

    /** Leave for the address `to`, after this instruction. */
    leave(to, cycles = this.cycles) {
        return { to, put: this.put(cycles, this.instructions) };
    }

    /** Leave for the address in `value`. */
    leaveFor(value) {
        return { value: and(value, number(~1)), put: this.put(this.cycles, this.instructions) };
    }

    /** Leave this instruction, which has changed nothing yet, to execute.js. An odd address marks this. */
    giveUp(at) {
        return { odd: at | 1, put: this.put(this.cycles - 1, this.instructions - 1) };
    }

    /** Load from an address in plain memory; for any other, give the instruction up. */
    load(at, address, target, how) {
        const from = this.keep(address);
        const place = this.keep(wasm.minus(from, number(SRAM)));
        const value = this.keep(number(0));
        const local = LOCAL.KEPT + this.kept - 1;
        this.emit([...within(place, how.shift, SRAM_BYTES), 0x04, 0x40]);
        this.emit(wasm.set(local, wasm.load(how, place, AT.SRAM)));
        this.emit([0x05]);
        const other = this.keep(wasm.minus(from, number(FLASH)));
        this.exitIf(isZero(within(other, how.shift, FLASH_SPACE_BYTES)), { ...this.giveUp(at), nested: 1 });
        this.emit([...wasm.set(local, wasm.load(how, other, AT.FLASH)), ...wasm.END]);
        this.set(target, value);
        this.cycles++;
    }

    /** Whether a PUSH from this place in SRAM on comes near the guarded region; execute.js then has a closer look. */
    nearGuard(place) {
        const state = (index) => wasm.load(wasm.ACCESS.WORD, number(0), AT.STATE + index * 4);
        const reach = wasm.plus(state(STATE.GUARD_BYTES), number(PUSH_BYTES_MAX));
        return wasm.below(wasm.minus(place, state(STATE.GUARD)), reach);
    }

    store(at, address, value, how) {
        const to = this.keep(wasm.minus(address, number(SRAM)));
        this.exitIf(isZero(within(to, how.shift, SRAM_BYTES)), this.giveUp(at));
        this.emit(wasm.store(how, to, AT.SRAM, value));
        this.cycles++;
    }
}

/** True if an offset is below `bytes` and aligned; an unaligned one is turned into a large number. */
function within(offset, shift, bytes) {
    return wasm.below(shift ? wasm.rotateRight(offset, number(shift)) : offset, number(bytes >>> shift));
}
