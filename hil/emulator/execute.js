/**
 * The instructions of the Cortex-M0+: one loop, one switch on the kind of instruction (decode.js), registers as 32-bit
 * integers, flags in local variables. Cycles are those of rp2040js, which agree with the Technical Reference Manual:
 * loads and stores 2 (SIO 1, APB 4 and 5), taken branches 2, BL 3, push and pop n + 1, pop with return n + 3, multiply
 * 1.
 *
 * It is one long function, because calls and shared state would cost more than the instructions themselves. The numbers
 * of the cases are OP's. They are literals, because only literals become a jump table. A test compares them, and runs
 * every instruction side by side with rp2040js' own.
 */
import { DECODED } from './decode.js';
import * as layout from './layout.js';

// V8 treats constants of this module as constants; imported ones are looked up each time.
const { FLASH, placeOf, ROM_BYTES, SRAM, SRAM_BYTES, STATE } = layout;
const CYCLES_MAX = 1 << 28;
// Kinds of memory access, performed after the switch.
const NONE = 0;
const LOAD32 = 1;
const LOAD16 = 2;
const LOAD8 = 3;
const LOADS16 = 4;
const LOADS8 = 5;
const STORE32 = 6;
const STORE16 = 7;
const STORE8 = 8;

/**
 * Run instructions until one ends at or after `limitNanos`, or until an event needs the caller's attention.
 * @param {import('./cortex.js').Cortex} core @param {number} limitNanos
 */
export function execute(core, limitNanos) {
    const chip = core.rp2040;
    const { clock, signed: r, cycleNanos, xipOff } = core;
    const { sram, sram16, sram32, flash, flash16, flash32, rom16, state, runs } = chip.memory;
    const flashBytes = xipOff ? 0 : flash.length;
    const baseNanos = clock.nanos;
    let limit = Math.min(Math.ceil((limitNanos - baseNanos) / cycleNanos), CYCLES_MAX);
    let cycles = 0;
    let instructions = 0;
    let pc = r[15];
    // N and Z are derived from `nz`.
    let nz = core.Z ? 0 : core.N ? -1 : 1;
    let c = core.C ? 1 : 0;
    let v = core.V ? 1 : 0;
    const { slots } = runs;
    // The address after the last instruction; a different `pc` means a jump.
    let next = pc;

    while (cycles < limit) {
        let opcode;
        const inFlash = pc - FLASH;
        if (pc !== next && !xipOff) {
            const place = placeOf(pc);
            if (place >= 0 && slots[place] === 0) {
                runs.visit(place);
            } else if (place >= 0) {
                state[STATE.CYCLES] = cycles;
                state[STATE.LIMIT] = limit;
                state[STATE.NZ] = nz;
                state[STATE.C] = c;
                state[STATE.V] = v;
                state[STATE.INSTRUCTIONS] = instructions;
                pc = runs.follow(pc);
                cycles = state[STATE.CYCLES];
                nz = state[STATE.NZ];
                c = state[STATE.C];
                v = state[STATE.V];
                instructions = state[STATE.INSTRUCTIONS];
                if (pc & 1) {
                    next = pc = pc & ~1; // the switch below handles that one
                }
                continue;
            }
        }
        if (inFlash >>> 0 < flashBytes) {
            opcode = flash16[inFlash >> 1];
        } else if ((pc - SRAM) >>> 0 < SRAM_BYTES) {
            opcode = sram16[(pc - SRAM) >> 1];
        } else if (pc >>> 0 < ROM_BYTES) {
            opcode = rom16[pc >> 1];
        } else {
            r[15] = pc;
            clock.nanos = baseNanos + cycles * cycleNanos;
            opcode = core.fetch(pc);
            limit = 0;
        }
        const at = pc;
        next = pc = (pc + 2) | 0;
        cycles++;
        instructions++;
        let access = NONE;
        let address = 0;
        let target = 0;

        switch (DECODED[opcode]) {
            case 1: { // LSL_IMM
                const shift = (opcode >> 6) & 31;
                const value = r[(opcode >> 3) & 7];
                if (shift) {
                    c = (value >>> (32 - shift)) & 1;
                }
                nz = r[opcode & 7] = value << shift;
                break;
            }
            case 2: { // LSR_IMM
                const shift = (opcode >> 6) & 31;
                const value = r[(opcode >> 3) & 7];
                c = shift ? (value >>> (shift - 1)) & 1 : value >>> 31;
                nz = r[opcode & 7] = shift ? value >>> shift : 0;
                nz |= 0;
                break;
            }
            case 3: { // ASR_IMM
                const shift = (opcode >> 6) & 31;
                const value = r[(opcode >> 3) & 7];
                c = shift ? (value >>> (shift - 1)) & 1 : value >>> 31;
                nz = r[opcode & 7] = value >> (shift || 31);
                break;
            }
            case 4: // ADD_REG
            case 6: { // ADD_IMM3
                const a = r[(opcode >> 3) & 7];
                const field = (opcode >> 6) & 7;
                const b = opcode & 0x400 ? field : r[field];
                nz = (a + b) | 0;
                c = ((a & b) | ((a | b) & ~nz)) >>> 31;
                v = ((a ^ nz) & (b ^ nz)) >>> 31;
                r[opcode & 7] = nz;
                break;
            }
            case 5: // SUB_REG
            case 7: { // SUB_IMM3
                const a = r[(opcode >> 3) & 7];
                const field = (opcode >> 6) & 7;
                const b = opcode & 0x400 ? field : r[field];
                nz = (a - b) | 0;
                c = a >>> 0 >= b >>> 0 ? 1 : 0;
                v = ((a ^ b) & (a ^ nz)) >>> 31;
                r[opcode & 7] = nz;
                break;
            }
            case 8: // MOV_IMM
                nz = r[(opcode >> 8) & 7] = opcode & 255;
                break;
            case 9: { // CMP_IMM
                const a = r[(opcode >> 8) & 7];
                const b = opcode & 255;
                nz = (a - b) | 0;
                c = a >>> 0 >= b ? 1 : 0;
                v = ((a ^ b) & (a ^ nz)) >>> 31;
                break;
            }
            case 10: { // ADD_IMM8
                const a = r[(opcode >> 8) & 7];
                const b = opcode & 255;
                nz = (a + b) | 0;
                c = (a & ~nz) >>> 31;
                v = (~a & nz) >>> 31;
                r[(opcode >> 8) & 7] = nz;
                break;
            }
            case 11: { // SUB_IMM8
                const a = r[(opcode >> 8) & 7];
                const b = opcode & 255;
                nz = (a - b) | 0;
                c = a >>> 0 >= b ? 1 : 0;
                v = (a & ~nz) >>> 31;
                r[(opcode >> 8) & 7] = nz;
                break;
            }
            case 12: // AND
                nz = r[opcode & 7] &= r[(opcode >> 3) & 7];
                break;
            case 13: // EOR
                nz = r[opcode & 7] ^= r[(opcode >> 3) & 7];
                break;
            case 14: { // LSL
                const shift = r[(opcode >> 3) & 7] & 255;
                const value = r[opcode & 7];
                if (shift) {
                    c = shift < 33 ? (value >>> (32 - shift)) & 1 : 0;
                }
                nz = r[opcode & 7] = shift < 32 ? value << shift : 0;
                break;
            }
            case 15: { // LSR
                const shift = r[(opcode >> 3) & 7] & 255;
                const value = r[opcode & 7];
                if (shift) {
                    c = shift < 33 ? (value >>> (shift - 1)) & 1 : 0;
                }
                nz = r[opcode & 7] = shift < 32 ? value >>> shift : 0;
                nz |= 0;
                break;
            }
            case 16: { // ASR
                const shift = r[(opcode >> 3) & 7] & 255;
                const value = r[opcode & 7];
                if (shift) {
                    c = shift < 32 ? (value >>> (shift - 1)) & 1 : value >>> 31;
                }
                nz = r[opcode & 7] = value >> (shift < 32 ? shift : 31);
                break;
            }
            case 17: // ADC
            case 18: { // SBC
                const a = r[opcode & 7];
                const operand = r[(opcode >> 3) & 7];
                const b = opcode & 0x40 && !(opcode & 0x80) ? operand : ~operand;
                nz = (a + b + c) | 0;
                c = ((a & b) | ((a | b) & ~nz)) >>> 31;
                v = ((a ^ nz) & (b ^ nz)) >>> 31;
                r[opcode & 7] = nz;
                break;
            }
            case 19: { // ROR
                const shift = r[(opcode >> 3) & 7] & 255;
                const value = r[opcode & 7];
                const by = shift & 31;
                nz = by ? (value >>> by) | (value << (32 - by)) : value;
                if (shift) {
                    c = nz >>> 31;
                }
                r[opcode & 7] = nz;
                break;
            }
            case 20: // TST
                nz = r[opcode & 7] & r[(opcode >> 3) & 7];
                break;
            case 21: { // RSB
                const b = r[(opcode >> 3) & 7];
                nz = -b | 0;
                c = b === 0 ? 1 : 0;
                v = (b & nz) >>> 31;
                r[opcode & 7] = nz;
                break;
            }
            case 22: // CMP
            case 29: { // CMP_HI
                const hi = opcode & 0x400;
                const n = hi ? ((opcode >> 4) & 8) | (opcode & 7) : opcode & 7;
                const m = hi ? (opcode >> 3) & 15 : (opcode >> 3) & 7;
                const a = r[n];
                const b = r[m];
                nz = (a - b) | 0;
                c = a >>> 0 >= b >>> 0 ? 1 : 0;
                v = ((a ^ b) & (a ^ nz)) >>> 31;
                break;
            }
            case 23: { // CMN
                const a = r[opcode & 7];
                const b = r[(opcode >> 3) & 7];
                nz = (a + b) | 0;
                c = ((a & b) | ((a | b) & ~nz)) >>> 31;
                v = ((a ^ nz) & (b ^ nz)) >>> 31;
                break;
            }
            case 24: // ORR
                nz = r[opcode & 7] |= r[(opcode >> 3) & 7];
                break;
            case 25: // MUL
                nz = r[opcode & 7] = Math.imul(r[opcode & 7], r[(opcode >> 3) & 7]);
                break;
            case 26: // BIC
                nz = r[opcode & 7] &= ~r[(opcode >> 3) & 7];
                break;
            case 27: // MVN
                nz = r[opcode & 7] = ~r[(opcode >> 3) & 7];
                break;
            case 28: // ADD_HI
            case 30: { // MOV_HI
                const d = ((opcode >> 4) & 8) | (opcode & 7);
                const m = (opcode >> 3) & 15;
                let value = m === 15 ? at + 4 : r[m];
                if (!(opcode & 0x200)) {
                    value = (value + (d === 15 ? at + 4 : r[d])) | 0;
                }
                if (d === 15) {
                    pc = value & ~1;
                    cycles++;
                } else {
                    r[d] = d === 13 ? value & ~3 : value;
                }
                break;
            }
            case 31: // BX
            case 32: { // BLX
                const to = r[(opcode >> 3) & 15];
                cycles++;
                if (opcode & 0x80) {
                    r[14] = pc | 1;
                    pc = to & ~1;
                } else if (to >>> 28 === 15 && core.IPSR) {
                    core.leave(to, nz, c, v);
                    pc = r[15];
                    nz = core.Z ? 0 : core.N ? -1 : 1;
                    c = core.C ? 1 : 0;
                    v = core.V ? 1 : 0;
                    limit = 0;
                } else {
                    pc = to & ~1;
                }
                break;
            }
            case 33: // LDR_LIT
                address = ((at + 4) & ~3) + ((opcode & 255) << 2);
                target = (opcode >> 8) & 7;
                access = LOAD32;
                break;
            case 34: // STR_REG
                address = (r[(opcode >> 3) & 7] + r[(opcode >> 6) & 7]) | 0;
                target = opcode & 7;
                access = STORE32;
                break;
            case 35: // STRH_REG
                address = (r[(opcode >> 3) & 7] + r[(opcode >> 6) & 7]) | 0;
                target = opcode & 7;
                access = STORE16;
                break;
            case 36: // STRB_REG
                address = (r[(opcode >> 3) & 7] + r[(opcode >> 6) & 7]) | 0;
                target = opcode & 7;
                access = STORE8;
                break;
            case 37: // LDRSB
                address = (r[(opcode >> 3) & 7] + r[(opcode >> 6) & 7]) | 0;
                target = opcode & 7;
                access = LOADS8;
                break;
            case 38: // LDR_REG
                address = (r[(opcode >> 3) & 7] + r[(opcode >> 6) & 7]) | 0;
                target = opcode & 7;
                access = LOAD32;
                break;
            case 39: // LDRH_REG
                address = (r[(opcode >> 3) & 7] + r[(opcode >> 6) & 7]) | 0;
                target = opcode & 7;
                access = LOAD16;
                break;
            case 40: // LDRB_REG
                address = (r[(opcode >> 3) & 7] + r[(opcode >> 6) & 7]) | 0;
                target = opcode & 7;
                access = LOAD8;
                break;
            case 41: // LDRSH
                address = (r[(opcode >> 3) & 7] + r[(opcode >> 6) & 7]) | 0;
                target = opcode & 7;
                access = LOADS16;
                break;
            case 42: // STR_IMM
                address = (r[(opcode >> 3) & 7] + ((opcode >> 4) & 0x7c)) | 0;
                target = opcode & 7;
                access = STORE32;
                break;
            case 43: // LDR_IMM
                address = (r[(opcode >> 3) & 7] + ((opcode >> 4) & 0x7c)) | 0;
                target = opcode & 7;
                access = LOAD32;
                break;
            case 44: // STRB_IMM
                address = (r[(opcode >> 3) & 7] + ((opcode >> 6) & 31)) | 0;
                target = opcode & 7;
                access = STORE8;
                break;
            case 45: // LDRB_IMM
                address = (r[(opcode >> 3) & 7] + ((opcode >> 6) & 31)) | 0;
                target = opcode & 7;
                access = LOAD8;
                break;
            case 46: // STRH_IMM
                address = (r[(opcode >> 3) & 7] + ((opcode >> 5) & 0x3e)) | 0;
                target = opcode & 7;
                access = STORE16;
                break;
            case 47: // LDRH_IMM
                address = (r[(opcode >> 3) & 7] + ((opcode >> 5) & 0x3e)) | 0;
                target = opcode & 7;
                access = LOAD16;
                break;
            case 48: // STR_SP
                address = (r[13] + ((opcode & 255) << 2)) | 0;
                target = (opcode >> 8) & 7;
                access = STORE32;
                break;
            case 49: // LDR_SP
                address = (r[13] + ((opcode & 255) << 2)) | 0;
                target = (opcode >> 8) & 7;
                access = LOAD32;
                break;
            case 50: // ADR
                r[(opcode >> 8) & 7] = ((at + 4) & ~3) + ((opcode & 255) << 2);
                break;
            case 51: // ADD_SP
                r[(opcode >> 8) & 7] = r[13] + ((opcode & 255) << 2);
                break;
            case 52: // ADJUST_SP
                r[13] += opcode & 0x80 ? -((opcode & 127) << 2) : (opcode & 127) << 2;
                break;
            case 53: // SXTH
                r[opcode & 7] = (r[(opcode >> 3) & 7] << 16) >> 16;
                break;
            case 54: // SXTB
                r[opcode & 7] = (r[(opcode >> 3) & 7] << 24) >> 24;
                break;
            case 55: // UXTH
                r[opcode & 7] = r[(opcode >> 3) & 7] & 0xffff;
                break;
            case 56: // UXTB
                r[opcode & 7] = r[(opcode >> 3) & 7] & 0xff;
                break;
            case 57: { // PUSH
                let to = (r[13] - SRAM) | 0;
                if (to < 36 || to > SRAM_BYTES) {
                    r[15] = at;
                    core.fault(`push with the stack pointer at ${(r[13] >>> 0).toString(16)}`);
                    limit = 0;
                    break;
                }
                if (opcode & 0x100) {
                    to -= 4;
                    sram32[to >> 2] = r[14];
                    cycles++;
                }
                for (let each = 7; each >= 0; each--) {
                    if (opcode & (1 << each)) {
                        to -= 4;
                        sram32[to >> 2] = r[each];
                        cycles++;
                    }
                }
                r[13] = to + SRAM;
                break;
            }
            case 58: { // POP
                let from = (r[13] - SRAM) | 0;
                if (from >>> 0 >= SRAM_BYTES) {
                    r[15] = at;
                    core.fault(`pop with the stack pointer at ${(r[13] >>> 0).toString(16)}`);
                    limit = 0;
                    break;
                }
                for (let each = 0; each < 8; each++) {
                    if (opcode & (1 << each)) {
                        r[each] = sram32[from >> 2];
                        from += 4;
                        cycles++;
                    }
                }
                if (opcode & 0x100) {
                    const to = sram32[from >> 2];
                    r[13] = from + 4 + SRAM;
                    cycles += 2;
                    if (to >>> 28 === 15 && core.IPSR) {
                        core.leave(to, nz, c, v);
                        pc = r[15];
                        nz = core.Z ? 0 : core.N ? -1 : 1;
                        c = core.C ? 1 : 0;
                        v = core.V ? 1 : 0;
                        limit = 0;
                    } else {
                        pc = to & ~1;
                    }
                } else {
                    r[13] = from + SRAM;
                }
                break;
            }
            case 59: // CPS
                core.PM = (opcode & 0x10) !== 0;
                core.interruptsUpdated = true;
                limit = 0;
                break;
            case 60: { // REV
                const value = r[(opcode >> 3) & 7];
                r[opcode & 7] =
                    (value << 24) | ((value << 8) & 0xff0000) | ((value >>> 8) & 0xff00) | (value >>> 24);
                break;
            }
            case 61: { // REV16
                const value = r[(opcode >> 3) & 7];
                r[opcode & 7] = ((value << 8) & 0xff00ff00) | ((value >>> 8) & 0xff00ff);
                break;
            }
            case 62: { // REVSH
                const value = r[(opcode >> 3) & 7];
                r[opcode & 7] = ((value << 24) >> 16) | ((value >>> 8) & 0xff);
                break;
            }
            case 63: // BKPT
                r[15] = at;
                core.fault(`bkpt #${opcode & 255}`);
                limit = 0;
                break;
            case 64: // HINT
                switch ((opcode >> 4) & 15) {
                    case 2:
                        cycles++;
                        if (core.eventRegistered) {
                            core.eventRegistered = false;
                        } else {
                            core.waiting = true;
                            core.waitingForEvent = true;
                            core.interruptsUpdated = true;
                            limit = 0;
                        }
                        break;
                    case 3:
                        cycles++;
                        core.waiting = true;
                        core.waitingForEvent = false;
                        core.interruptsUpdated = true;
                        limit = 0;
                        break;
                    case 4:
                        core.eventRegistered = true;
                        break;
                }
                break;
            case 65: // STM
            case 66: { // LDM
                const n = (opcode >> 8) & 7;
                address = r[n];
                const load = opcode & 0x800;
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
                            clock.nanos = baseNanos + cycles * cycleNanos;
                            if (load) {
                                r[each] = core.load(address >>> 0, LOAD32);
                            } else {
                                core.store(address >>> 0, STORE32, r[each]);
                            }
                            limit = 0;
                        }
                        address = (address + 4) | 0;
                        cycles++;
                    }
                }
                if (!load || !(opcode & (1 << n))) {
                    r[n] = address;
                }
                break;
            }
            case 67: { // B_COND
                let taken = false;
                switch ((opcode >> 8) & 15) {
                    case 0:
                        taken = nz === 0;
                        break;
                    case 1:
                        taken = nz !== 0;
                        break;
                    case 2:
                        taken = c !== 0;
                        break;
                    case 3:
                        taken = c === 0;
                        break;
                    case 4:
                        taken = nz < 0;
                        break;
                    case 5:
                        taken = nz >= 0;
                        break;
                    case 6:
                        taken = v !== 0;
                        break;
                    case 7:
                        taken = v === 0;
                        break;
                    case 8:
                        taken = c !== 0 && nz !== 0;
                        break;
                    case 9:
                        taken = c === 0 || nz === 0;
                        break;
                    case 10:
                        taken = nz < 0 === (v !== 0);
                        break;
                    case 11:
                        taken = nz < 0 !== (v !== 0);
                        break;
                    case 12:
                        taken = nz !== 0 && nz < 0 === (v !== 0);
                        break;
                    case 13:
                        taken = nz === 0 || nz < 0 !== (v !== 0);
                        break;
                }
                if (taken) {
                    pc = (at + 4 + ((opcode << 24) >> 23)) | 0;
                    cycles++;
                }
                break;
            }
            case 69: // B
                pc = (at + 4 + ((opcode << 21) >> 20)) | 0;
                cycles++;
                break;
            case 70: { // WIDE
                let second;
                const offset = pc - FLASH;
                if (offset >>> 0 < flashBytes) {
                    second = flash16[offset >> 1];
                } else {
                    second = core.fetch(pc);
                }
                pc = (pc + 2) | 0;
                cycles += 2;
                if ((second & 0xd000) === 0xd000) {
                    const s = (opcode >> 10) & 1;
                    const i1 = ((second >> 13) & 1) ^ s ^ 1;
                    const i2 = ((second >> 11) & 1) ^ s ^ 1;
                    const high = (s ? 0xff000000 : 0) | (i1 << 23) | (i2 << 22);
                    r[14] = pc | 1;
                    pc = (pc + (high | ((opcode & 0x3ff) << 12) | ((second & 0x7ff) << 1))) | 0;
                } else {
                    r[15] = pc;
                    core.keepFlags(nz, c, v);
                    core.executeSystem(opcode, second);
                    nz = core.Z ? 0 : core.N ? -1 : 1;
                    c = core.C ? 1 : 0;
                    v = core.V ? 1 : 0;
                    limit = 0;
                }
                break;
            }
            case 68: // SVC
                core.pendingSVCall = true;
                core.interruptsUpdated = true;
                limit = 0;
                break;
            default:
                r[15] = at;
                core.fault(`undefined instruction ${opcode.toString(16)}`);
                limit = 0;
        }

        if (access === NONE) {
            continue;
        }
        const offset = (address - SRAM) | 0;
        if (offset >>> 0 < SRAM_BYTES) {
            cycles++;
            if (access === LOAD32 && !(offset & 3)) {
                r[target] = sram32[offset >> 2];
                continue;
            } else if (access === STORE32 && !(offset & 3)) {
                sram32[offset >> 2] = r[target];
                continue;
            } else if (access === LOAD8) {
                r[target] = sram[offset];
                continue;
            } else if (access === STORE8) {
                sram[offset] = r[target];
                continue;
            } else if (access === LOAD16 && !(offset & 1)) {
                r[target] = sram16[offset >> 1];
                continue;
            } else if (access === STORE16 && !(offset & 1)) {
                sram16[offset >> 1] = r[target];
                continue;
            } else if (access === LOADS16 && !(offset & 1)) {
                r[target] = (sram16[offset >> 1] << 16) >> 16;
                continue;
            } else if (access === LOADS8) {
                r[target] = (sram[offset] << 24) >> 24;
                continue;
            }
        } else if (access < STORE32 && (address - FLASH) >>> 0 < flashBytes) {
            const from = address - FLASH;
            cycles++;
            if (access === LOAD32 && !(from & 3)) {
                r[target] = flash32[from >> 2];
                continue;
            } else if (access === LOAD8) {
                r[target] = flash[from];
                continue;
            } else if (access === LOAD16 && !(from & 1)) {
                r[target] = flash16[from >> 1];
                continue;
            } else if (access === LOADS16 && !(from & 1)) {
                r[target] = (flash16[from >> 1] << 16) >> 16;
                continue;
            } else if (access === LOADS8) {
                r[target] = (flash[from] << 24) >> 24;
                continue;
            }
        } else {
            const region = address >>> 28;
            cycles += region === 13 ? 0 : region === 4 ? (access < STORE32 ? 3 : 4) : 1;
        }
        // A device, the ROM, or a mistake. Devices see the time at which the instruction began.
        r[15] = at;
        clock.nanos = baseNanos + (cycles - 1) * cycleNanos;
        if (access < STORE32) {
            r[target] = core.load(address >>> 0, access);
        } else {
            core.store(address >>> 0, access, r[target]);
        }
        if (
            core.interruptsUpdated ||
            core.pendingFault ||
            core.skipNanos !== 0 ||
            clock.nextNanos < limitNanos ||
            core.stopRequested ||
            core.xipOff !== xipOff ||
            core.cycleNanos !== cycleNanos
        ) {
            limit = 0;
        }
    }
    r[15] = pc;
    core.keepFlags(nz, c, v);
    core.instructions += instructions;
    core.readyNanos = Math.max(baseNanos + cycles * cycleNanos, core.skipNanos);
    core.skipNanos = 0;
    if (core.pendingFault) {
        core.pendingFault = false;
        core.enter(3);
    }
}
