/**
 * The instructions of the Cortex-M0+: one loop, one switch on the kind of instruction (decode.js), registers as 32-bit
 * integers, flags in local variables. Cycles are those of rp2040js, which agree with the Technical Reference Manual:
 * loads and stores 2 (SIO 1, APB 4 and 5), taken branches 2, BL 3, push and pop n + 1, pop with return n + 3, multiply
 * 1.
 *
 * The groups that need few of those variables have files of their own: shifts, blocks, branches, special,
 * plain_memory. The others are here, because calls and shared flags would cost more than the instructions themselves
 * (arithmetic in a file of its own: an eighth of the speed). The numbers of the cases are OP's. They are literals,
 * because only literals become a jump table. A test compares them, and runs every instruction side by side with
 * rp2040js' own.
 */
import { multiple, pop, push } from './blocks.js';
import { holds, linkTarget } from './branches.js';
import { DECODED } from './decode.js';
import * as layout from './layout.js';
import * as plain from './plain_memory.js';
import { shift } from './shifts.js';
import { special } from './special.js';

// V8 treats constants of this module as constants; imported ones are looked up each time.
const { FLASH, placeOf, ROM_BYTES, SRAM, SRAM_BYTES, STATE } = layout;
const CYCLES_MAX = 1 << 28;
// Memory is accessed after the switch.
const NONE = 0;
const { LOAD32, LOAD16, LOAD8, LOADS16, LOADS8, STORE32, STORE16, STORE8 } = plain;
// Not an access: the instruction has changed the program counter and the flags outside the loop.
const STATE_CHANGED = 9;
const BY_REGISTER = [STORE32, STORE16, STORE8, LOADS8, LOAD32, LOAD16, LOAD8, LOADS16];

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
            case 1: // LSL_IMM
            case 2: // LSR_IMM
            case 3: // ASR_IMM
            case 14: // LSL
            case 15: // LSR
            case 16: // ASR
            case 19: // ROR
                state[STATE.C] = c;
                nz = shift(opcode, r, state);
                c = state[STATE.C];
                break;
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
                    core.leave(to);
                    access = STATE_CHANGED;
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
            case 35: // STRH_REG
            case 36: // STRB_REG
            case 37: // LDRSB
            case 38: // LDR_REG
            case 39: // LDRH_REG
            case 40: // LDRB_REG
            case 41: // LDRSH
                address = (r[(opcode >> 3) & 7] + r[(opcode >> 6) & 7]) | 0;
                target = opcode & 7;
                access = BY_REGISTER[(opcode >> 9) & 7];
                break;
            case 42: // STR_IMM
            case 43: // LDR_IMM
                address = (r[(opcode >> 3) & 7] + ((opcode >> 4) & 0x7c)) | 0;
                target = opcode & 7;
                access = opcode & 0x800 ? LOAD32 : STORE32;
                break;
            case 44: // STRB_IMM
            case 45: // LDRB_IMM
                address = (r[(opcode >> 3) & 7] + ((opcode >> 6) & 31)) | 0;
                target = opcode & 7;
                access = opcode & 0x800 ? LOAD8 : STORE8;
                break;
            case 46: // STRH_IMM
            case 47: // LDRH_IMM
                address = (r[(opcode >> 3) & 7] + ((opcode >> 5) & 0x3e)) | 0;
                target = opcode & 7;
                access = opcode & 0x800 ? LOAD16 : STORE16;
                break;
            case 48: // STR_SP
            case 49: // LDR_SP
                address = (r[13] + ((opcode & 255) << 2)) | 0;
                target = (opcode >> 8) & 7;
                access = opcode & 0x800 ? LOAD32 : STORE32;
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
            case 57: // PUSH
            case 58: { // POP
                const words = opcode & 0x800 ? pop(opcode, r, sram32) : push(opcode, r, sram32, state);
                if (words < 0) {
                    r[15] = at;
                    core.fault(`${opcode & 0x800 ? 'pop' : 'push'} with the stack pointer at ${(r[13] >>> 0).toString(16)}`);
                    limit = 0;
                    break;
                }
                cycles += words;
                if ((opcode & 0x900) === 0x900) {
                    const to = sram32[(r[13] - SRAM) >> 2];
                    r[13] += 4;
                    cycles += 2;
                    if (to >>> 28 === 15 && core.IPSR) {
                        core.leave(to);
                        access = STATE_CHANGED;
                    } else {
                        pc = to & ~1;
                    }
                }
                break;
            }
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
            case 65: // STM
            case 66: { // LDM
                const words = multiple(core, opcode, at, baseNanos, cycles);
                cycles += Math.abs(words);
                if (words < 0) {
                    limit = 0;
                }
                break;
            }
            case 67: // B_COND
                if (holds((opcode >> 8) & 15, nz, c, v)) {
                    pc = (at + 4 + ((opcode << 24) >> 23)) | 0;
                    cycles++;
                }
                break;
            case 69: // B
                pc = (at + 4 + ((opcode << 21) >> 20)) | 0;
                cycles++;
                break;
            case 70: { // WIDE
                const offset = pc - FLASH;
                const second = offset >>> 0 < flashBytes ? flash16[offset >> 1] : core.fetch(pc);
                pc = (pc + 2) | 0;
                cycles += 2;
                if ((second & 0xd000) === 0xd000) {
                    r[14] = pc | 1;
                    pc = linkTarget(opcode, second, pc);
                } else {
                    r[15] = pc;
                    core.keepFlags(nz, c, v);
                    core.executeSystem(opcode, second);
                    access = STATE_CHANGED;
                }
                break;
            }
            case 59: // CPS
            case 63: // BKPT
            case 64: // HINT
            case 68: // SVC
            default:
                r[15] = at;
                cycles += special(core, opcode);
                if (core.interruptsUpdated || core.pendingFault) {
                    limit = 0;
                }
        }

        if (access === NONE) {
            continue;
        }
        if (access === STATE_CHANGED) {
            pc = r[15];
            nz = core.Z ? 0 : core.N ? -1 : 1;
            c = core.C ? 1 : 0;
            v = core.V ? 1 : 0;
            limit = 0;
            continue;
        }
        const offset = (address - SRAM) | 0;
        if (offset >>> 0 < SRAM_BYTES) {
            cycles++;
            if (plain.accessSram(access, offset, target, r, sram, sram16, sram32)) {
                continue;
            }
        } else if (access < STORE32 && (address - FLASH) >>> 0 < flashBytes) {
            cycles++;
            if (plain.loadFlash(access, address - FLASH, target, r, flash, flash16, flash32)) {
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
    r[15] = core.pendingFault ? core.faultPc : pc;
    core.keepFlags(nz, c, v);
    core.instructions += instructions;
    core.readyNanos = Math.max(baseNanos + cycles * cycleNanos, core.skipNanos);
    core.skipNanos = 0;
    if (core.pendingFault) {
        core.pendingFault = false;
        core.enter(3);
    }
}
