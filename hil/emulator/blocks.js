/**
 * Transfers of several registers: PUSH, POP, STM, LDM. Each returns the number of words.
 */
import * as layout from './layout.js';
import { LOAD32, STORE32 } from './plain_memory.js';

const { PUSH_BYTES_MAX, SRAM, SRAM_BYTES, STATE } = layout;

/** Whether `bytes` at this place in SRAM touch the region that the MPU guards. @param {Int32Array} state */
export function guarded(place, bytes, state) {
    const size = state[STATE.GUARD_BYTES];
    return size !== 0 && place < state[STATE.GUARD] + size && place + bytes > state[STATE.GUARD];
}

/** PUSH. Returns -1, with nothing changed, if the stack is not in SRAM, or is full (guarded). */
export function push(opcode, r, sram32, state) {
    const from = (r[13] - SRAM) | 0;
    if (from < PUSH_BYTES_MAX || from > SRAM_BYTES) {
        return -1;
    }
    if (guarded(from - PUSH_BYTES_MAX, PUSH_BYTES_MAX, state)) {
        let words = 0;
        for (let list = opcode & 0x1ff; list; list &= list - 1) {
            words++;
        }
        if (guarded(from - words * 4, words * 4, state)) {
            return -1;
        }
    }
    let to = from;
    if (opcode & 0x100) {
        to -= 4;
        sram32[to >> 2] = r[14];
    }
    for (let each = 7; each >= 0; each--) {
        if (opcode & (1 << each)) {
            to -= 4;
            sram32[to >> 2] = r[each];
        }
    }
    r[13] = to + SRAM;
    return (from - to) >> 2;
}

/** POP of the low registers. Returns -1, with nothing changed, if the stack is not in SRAM. */
export function pop(opcode, r, sram32) {
    const from = (r[13] - SRAM) | 0;
    if (from >>> 0 >= SRAM_BYTES) {
        return -1;
    }
    let to = from;
    for (let each = 0; each < 8; each++) {
        if (opcode & (1 << each)) {
            r[each] = sram32[to >> 2];
            to += 4;
        }
    }
    r[13] = to + SRAM;
    return (to - from) >> 2;
}

/**
 * STM and LDM. A word outside SRAM is the bus's, at its own time; then the number returned is negative.
 * @param {import('./cortex.js').Cortex} core @param {number} baseNanos time at cycle 0
 * @param {number} cycles of this instruction's first word
 */
export function multiple(core, opcode, at, baseNanos, cycles) {
    const { clock, cycleNanos, signed: r } = core;
    const { sram32 } = core.rp2040.memory;
    const n = (opcode >> 8) & 7;
    const load = opcode & 0x800;
    let address = r[n];
    let words = 0;
    let beyond = false;
    for (let each = 0; each < 8; each++) {
        if (opcode & (1 << each)) {
            const offset = (address - SRAM) | 0;
            if (offset >>> 0 < SRAM_BYTES && !(offset & 3)) {
                if (load) {
                    r[each] = sram32[offset >> 2];
                } else {
                    sram32[offset >> 2] = r[each];
                }
            } else {
                r[15] = at;
                clock.nanos = baseNanos + (cycles + words) * cycleNanos;
                if (load) {
                    r[each] = core.load(address >>> 0, LOAD32);
                } else {
                    core.store(address >>> 0, STORE32, r[each]);
                }
                beyond = true;
            }
            address = (address + 4) | 0;
            words++;
        }
    }
    if (!load || !(opcode & (1 << n))) {
        r[n] = address;
    }
    return beyond ? -words : words;
}
