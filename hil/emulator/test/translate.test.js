/**
 * Random programs in flash, translated and untranslated: registers, flags, memory, cycles and faults must agree at any
 * instant.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DECODED, OP } from '../decode.js';
import { FLASH, placeOf, SRAM } from '../layout.js';
import { Runs, VISITS } from '../runs.js';
import { blankChip } from './blank.js';

const CODE_IN_SRAM = SRAM + 0x4000;
const DATA = SRAM + 0x10000;
const WORDS = 400;
const PROGRAMS = 500;
const PASSES = 8;
const SIO_DIVIDER = 0xd0000060;
const names = Object.keys(OP);

/** Kinds that usually end a program early: jumps to anywhere, and those left to execute.js. */
const LEAVES = new Set(['BX', 'BLX', 'POP', 'CPS']);

/** Combinations of instructions that are too rare by chance: (register, another one). */
const IDIOMS = [
    (n, m) => [0x4280 | (m << 3) | n, 0xd000 | (random(14) << 8) | random(8)], // cmp, branch
    (n, m) => [0x2000 | (m << 8) | (30 + random(5)), [0x4080, 0x40c0, 0x4100, 0x41c0][random(4)] | (m << 3) | n], // shift
    (n) => [0x4800 | (n << 8) | random(200), 0x3000 | (n << 8) | random(256), 0x6800 | (n << 3)], // literal, add, load
];

let seed = 7;
const random = (below) => {
    seed ^= seed << 13;
    seed ^= seed >>> 17;
    seed ^= seed << 5;
    return (seed >>> 0) % below;
};

/** Half words by kind, so that all kinds are equally frequent. */
const byKind = new Map();
for (let op = 0; op < 0x10000; op++) {
    const kind = names[DECODED[op]];
    byKind.set(kind, [...(byKind.get(kind) ?? []), op]);
}
const kinds = [...byKind.keys()].filter((kind) => !['UNDEFINED', 'HINT', 'BKPT', 'SVC', 'WIDE'].includes(kind));

/** Words for literals: numbers, places in memory, the divider. */
const anything = () => [random(64), DATA + random(0x2000) * 4, SIO_DIVIDER - 4 * random(24), random(0x100000000)][random(4)];

/** Initial register values, equal ones among them. */
const numbers = [() => DATA + random(0x1000) * 4, () => random(3), anything];

function program() {
    const code = [];
    while (code.length < WORDS) {
        let kind = kinds[random(kinds.length)];
        if (LEAVES.has(kind) && random(4)) {
            kind = 'CMP';
        }
        const op = byKind.get(kind)[random(byKind.get(kind).length)];
        if (kind === 'B' || kind === 'B_COND') {
            code.push((op & (kind === 'B' ? 0xf800 : 0xff00)) | (random(4) ? random(20) : (kind === 'B' ? 0x7e0 : 0xe0) + random(32)));
        } else if (random(12) === 0) {
            const n = random(8);
            code.push(...IDIOMS[random(IDIOMS.length)](n, random(8)));
        } else if (random(40) === 0) {
            code.push(0xf000, 0xf800 | random(60)); // BL, forwards
        } else {
            code.push(op);
        }
    }
    return code;
}

/** Drop all translations, so that the next jump to anywhere translates. */
function forget(runs) {
    runs.forget();
    runs.visits.fill(VISITS - 1);
}

function chipWith(translated) {
    const chip = blankChip();
    chip.memory.runs.visits.fill(translated ? VISITS - 1 : VISITS);
    return chip;
}

/** Return the state after a run up to each of these times. */
function live(chip, { base, registers, memory, slices, exception }) {
    const { core } = chip;
    chip.sram.set(memory, DATA - SRAM);
    core.registers.set(registers);
    core.PC = base;
    [core.N, core.Z, core.C, core.V] = [false, true, true, false];
    core.IPSR = exception;
    core.PM = false;
    core.faults = [];
    core.interruptsUpdated = core.pendingFault = core.waiting = false;
    chip.clock.nanos = core.readyNanos = 0;
    const seen = [];
    try {
        for (const nanos of slices) {
            core.run(nanos);
            seen.push([...core.registers, core.N, core.Z, core.C, core.V, core.readyNanos, core.instructions]);
        }
    } catch (error) {
        seen.push(error.message);
    }
    seen.push(core.faults);
    return { seen, memory: Buffer.from(chip.sram) };
}

test('a translated program is the same program', () => {
    Runs.jumpsLeft = 0;
    const chips = [chipWith(true), chipWith(false)];
    let translated = 0;
    for (let round = 0; round < PROGRAMS; round++) {
        const base = round % 2 ? FLASH : CODE_IN_SRAM;
        const views = chips.map(({ flashView, sramView }) => (round % 2 ? flashView : sramView));
        const first = round % 2 ? 0 : CODE_IN_SRAM - SRAM;
        const setHalf = (at, half) => views.forEach((view) => view.setUint16(first + at, half, true));
        const setWord = (at, word) => views.forEach((view) => view.setUint32(first + at, word, true));
        program().forEach((op, index) => setHalf(index * 2, op));
        setHalf(0, 0xe000); // a jump starts it
        for (let at = WORDS * 2; at < WORDS * 2 + 0x500; at += 4) {
            setWord(at, anything());
        }
        forget(chips[0].memory.runs);
        // The first pass translates, the others run the translation, each from a state of its own.
        for (let pass = 0; pass < PASSES; pass++) {
            const registers = Array.from({ length: 15 }, () => numbers[random(numbers.length)]());
            registers[13] = DATA + 0x1000 + random(0x400) * 4;
            registers[14] = (base + random(WORDS) * 2) | 1;
            const memory = Uint8Array.from({ length: 0x8000 }, (_, at) => random(256) | (at % 4 === 3 && !random(4) ? 0xf0 : 0));
            const slices = [1, 2, 3, 4, 5, 6].map((each) => each * 500 + random(100) * 8);
            const [mine, plain] = chips.map((chip) => live(chip, { base, registers, memory, slices, exception: pass % 2 ? 16 : 0 }));
            assert.deepEqual(mine.seen, plain.seen, `program ${round}, pass ${pass}`);
            assert.ok(mine.memory.equals(plain.memory), `memory of program ${round}, pass ${pass}`);
        }
        translated += chips[0].memory.runs.regions;
        assert.equal(chips[1].memory.runs.regions, 0);
    }
    assert.ok(translated > PROGRAMS, `${translated} regions`);
});

test('what is translated of SRAM is not the code that was there before', () => {
    Runs.jumpsLeft = 0;
    const chip = chipWith(true);
    const { sramView: view, memory } = chip;
    const at = CODE_IN_SRAM - SRAM;
    view.setUint16(at, 0xe000, true); // b to 4
    view.setUint16(at + 4, 0x2001, true); // movs r0, #1
    view.setUint16(at + 6, 0xe7fb, true); // b to 0
    chip.core.PC = CODE_IN_SRAM;
    chip.core.run(1000);
    assert.equal(chip.core.registers[0], 1);
    assert.notEqual(memory.slots[placeOf(CODE_IN_SRAM + 4)], 0);
    view.setUint16(at + 4, 0x2002, true);
    chip.core.run(2000);
    assert.equal(chip.core.registers[0], 2);
});

test('a changed flash is translated anew', () => {
    Runs.jumpsLeft = 0;
    const chip = chipWith(true);
    const { flashView: view, memory } = chip;
    const { runs } = memory;
    view.setUint16(0, 0xe000, true); // b to 4
    view.setUint16(4, 0x2001, true); // movs r0, #1
    view.setUint16(6, 0xe7fb, true); // b to 0
    const loop = placeOf(FLASH + 4);
    chip.core.PC = FLASH;
    chip.core.run(1000);
    assert.equal(chip.core.registers[0], 1);
    assert.notEqual(runs.slots[loop], 0);
    view.setUint16(4, 0x2002, true);
    runs.forget();
    assert.equal(runs.slots[loop], 0);
    chip.core.run(2000);
    assert.equal(chip.core.registers[0], 2);
});
