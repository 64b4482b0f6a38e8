/**
 * Every instruction side by side with rp2040js' own, from random states: registers, flags, memory and cycles must
 * agree.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Chip } from '../chip.js';
import { DECODED, OP } from '../decode.js';
import { FLASH_TIMING } from '../flash.js';
import { SRAM } from '../layout.js';
import { Memory } from '../memory.js';
import { RP2040 } from '../rp2040js.js';

const CODE = SRAM + 0x8000;
const DATA = SRAM + 0x10000;
const ROUNDS = 12;
const names = Object.keys(OP);
// Kinds where rp2040js is wrong or stops: hints, breakpoints, exceptions, and undefined instructions.
const LEFT_OUT = new Set(['UNDEFINED', 'HINT', 'BKPT', 'SVC', 'CPS']);

let seed = 1;
const random = () => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return seed >>> 0;
};

function chips() {
    const sram = new Uint8Array(264 * 1024);
    const mine = new Chip({
        memory: new Memory(),
        bootrom: new Uint8Array(16 * 1024),
        sram,
        flashTiming: FLASH_TIMING.typical,
        say() {},
    });
    const theirs = new RP2040();
    theirs.logger = { debug() {}, info() {}, warn() {}, error() {} };
    return [mine, theirs];
}

/** A state in which every address is plain memory. */
function randomState(opcode) {
    const registers = Array.from({ length: 15 }, () => {
        const kind = random() % 4;
        return kind === 0 ? random() : kind === 1 ? random() % 40 : DATA + (random() % 0x1000) * 4;
    });
    const name = names[DECODED[opcode]];
    if (/^(STR|LDR|STM|LDM)/.test(name)) {
        for (let each = 0; each < 8; each++) {
            registers[each] = DATA + (random() % 0x1000) * 4;
        }
        if (/REG|LDRS[BH]$/.test(name)) {
            registers[(opcode >> 6) & 7] = (random() % 64) * 4;
        }
        if (name === 'STRH_REG' || name === 'LDRH_REG' || name === 'LDRSH') {
            registers[(opcode >> 3) & 7] &= ~1;
        }
        if (((opcode >> 3) & 7) === ((opcode >> 6) & 7) && /REG|LDRS[BH]$/.test(name)) {
            return null; // base and offset are one register
        }
    }
    if (/^(LSL|LSR|ASR|ROR)$/.test(name)) {
        registers[(opcode >> 3) & 7] = 1 + (random() % 31); // rp2040js' carry is wrong for 0 and from 32
    }
    registers[13] = DATA + 0x100 + (random() % 0x1000) * 4;
    return { registers, N: random() % 2 === 0, Z: false, C: random() % 2 === 0, V: random() % 2 === 0, name };
}

function load(chip, state, opcode, second, memory) {
    const { core } = chip;
    core.registers.set(state.registers);
    core.PC = CODE;
    core.N = state.N;
    core.Z = !state.N && state.Z;
    core.C = state.C;
    core.V = state.V;
    core.interruptsUpdated = false;
    core.PM = false;
    chip.sram.set(memory, DATA - SRAM);
    chip.sramView.setUint16(CODE - SRAM, opcode, true);
    chip.sramView.setUint16(CODE - SRAM + 2, second, true);
}

const view = ({ core }) => ({
    registers: Array.from(core.registers, (value, index) => (index === 15 ? value & ~1 : value)),
    flags: [core.N, core.Z, core.C, core.V],
});

test('every instruction does what rp2040js does', () => {
    const [mine, theirs] = chips();
    const different = new Map();
    const memory = new Uint8Array(0x8000);
    for (let round = 0; round < ROUNDS; round++) {
        memory.forEach((_, at) => {
            memory[at] = random();
        });
        for (let opcode = round % 3; opcode < 0x10000; opcode += 3) {
            const state = randomState(opcode);
            if (!state || LEFT_OUT.has(state.name)) {
                continue;
            }
            if (/^(ADD_HI|MOV_HI)$/.test(state.name) && (opcode & 0x87) === 0x87) {
                continue; // a jump to a random place
            }
            if (/^BL?X$/.test(state.name) && (opcode & 7 || ((opcode >> 3) & 15) > 13)) {
                continue; // undefined, or BLX of the link register, which rp2040js overwrites first
            }
            if (state.name === 'STM' && opcode & (1 << ((opcode >> 8) & 7))) {
                continue; // rp2040js does not write the base back
            }
            const second = 0xd000 | (random() & 0x2fff);
            load(mine, state, opcode, second, memory);
            load(theirs, state, opcode, second, memory);
            mine.clock.nanos = mine.core.readyNanos = 0;
            mine.core.run(1);
            const cycles = Math.round(mine.core.readyNanos / mine.core.cycleNanos);
            // rp2040js does not count the push of the link register.
            const theirCycles = theirs.core.executeInstruction() + (state.name === 'PUSH' ? (opcode >> 8) & 1 : 0);
            const what = `${state.name} ${opcode.toString(16)} ${JSON.stringify(state)}`;
            if (!isDeepStrictEqual(view(mine), view(theirs)) || cycles !== theirCycles || mine.core.faults.length) {
                const got = JSON.stringify([view(mine), cycles, mine.core.faults]);
                different.set(state.name, `${what}\n${got}\n${JSON.stringify([view(theirs), theirCycles])}`);
                mine.core.faults = [];
            }
        }
        assert.ok(Buffer.from(mine.sram).equals(Buffer.from(theirs.sram)), 'memory');
    }
    assert.equal([...different.values()].join('\n'), '');
});

test('the numbers of the cases are those of the kinds', () => {
    const text = readFileSync(new URL('../execute.js', import.meta.url), 'utf8');
    const found = [...text.matchAll(/case (\d+):(?: \{)? \/\/ ([A-Z0-9_]+)/g)];
    assert.equal(found.length, names.length - 1);
    for (const [, number, name] of found) {
        assert.equal(Number(number), OP[name], name);
    }
});
