/** The MPU's guard below a stack: PUSH and exceptions' frames that reach into it are HardFaults, interpreted or not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SRAM } from '../layout.js';
import { VISITS } from '../runs.js';
import { blankChip } from './blank.js';

const [CODE, HANDLER, GUARD, VECTORS] = [SRAM + 0x8000, SRAM + 0x9000, SRAM + 0x10000, SRAM + 0x7000];
const [CTRL, RBAR, RASR] = [0xe000ed94, 0xe000ed9c, 0xe000eda0];
const BYTES = 256;
const PUSH5 = 0xb50f; // push {r0-r3, lr}
const BACK = 0xe7fd; // b to the PUSH before it
const STAY = 0xe7fe;

function chipWith({ translated, stack, code }) {
    const chip = blankChip();
    chip.memory.runs.visits.fill(translated ? VISITS - 1 : VISITS);
    code.forEach((op, at) => chip.sramView.setUint16(CODE - SRAM + 2 * at, op, true));
    chip.sramView.setUint16(HANDLER - SRAM, STAY, true);
    for (let number = 0; number < 48; number++) {
        chip.sramView.setUint32(VECTORS - SRAM + 4 * number, HANDLER | 1, true);
    }
    const { core } = chip;
    core.VTOR = VECTORS;
    core.registers.fill(0x55);
    core.registers[13] = stack;
    core.PC = CODE;
    chip.writeUint32(RBAR, GUARD | 0x10);
    chip.writeUint32(RASR, (1 << 28) | (7 << 1) | 1);
    chip.writeUint32(CTRL, 5);
    return chip;
}

for (const translated of [false, true]) {
    test(`PUSH goes down to the guard and no further${translated ? ', translated' : ''}`, () => {
        for (let above = 0; above < 40; above += 4) {
            const chip = chipWith({ translated, stack: GUARD + BYTES + 200 + above, code: [PUSH5, BACK] });
            chip.core.run(100_000);
            const fits = Math.floor((200 + above) / 20) * 20;
            assert.equal(chip.core.faults.length, 1);
            assert.equal(chip.core.IPSR, 3);
            const last = GUARD + BYTES + 200 + above - fits;
            assert.equal(chip.core.registers[13], ((last - 32) & ~4) >>> 0, 'the frame is below the last PUSH that fitted');
            assert.ok(chip.sram.slice(last - SRAM, last - SRAM + fits).every((byte, at) => at % 20 >= 16 || byte === (at % 4 ? 0 : 0x55)));
        }
    });
}

test('below the guard, and without it, PUSH is as ever', () => {
    const chip = chipWith({ translated: false, stack: GUARD, code: [PUSH5, STAY] });
    chip.core.run(10_000);
    assert.deepEqual([chip.core.faults, chip.core.registers[13]], [[], GUARD - 20]);
    const off = chipWith({ translated: false, stack: GUARD + BYTES, code: [PUSH5, STAY] });
    off.writeUint32(CTRL, 0);
    off.core.run(10_000);
    assert.deepEqual([off.core.faults, off.core.registers[13]], [[], GUARD + BYTES - 20]);
});

test("an interrupt's frame in the guard is a HardFault", () => {
    for (const [stack, faults] of [
        [GUARD + BYTES + 32, 0],
        [GUARD + BYTES + 24, 1],
        [GUARD + 8, 1],
    ]) {
        const chip = chipWith({ translated: false, stack, code: [STAY] });
        chip.core.enabledInterrupts = 1;
        chip.core.setInterrupt(0, true);
        chip.core.run(10_000);
        assert.equal(chip.core.faults.length, faults);
        assert.equal(chip.core.IPSR, faults ? 3 : 16);
    }
});
