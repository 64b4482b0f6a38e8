/** A PIO loop that counts and watches a pin is skipped, with the same result as if every instruction had been run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blankChip } from './blank.js';

const PIO0 = 0x50200000;
const PADS_BANK0 = 0x4001c000;
const PIN = 16;
// boards/BENCH_IO/capture.py: counts every five cycles of 25 MHz, pushes the count at each edge.
const EDGES = [0x0241, 0x01c0, 0xa0c1, 0x8000, 0x0045, 0x01c7, 0x0245, 0xa0c1, 0x8000, 0x0041, 0x0001];
const COUNT_NANOS = 200;
const FIRST_NANOS = 160; // first sample of the pin: the fourth cycle

function capture(watch) {
    const chip = blankChip();
    chip.core.waiting = true;
    chip.writeUint32(PADS_BANK0 + 4 + 4 * PIN, 0x56);
    EDGES.forEach((opcode, index) => chip.writeUint32(PIO0 + 0x48 + 4 * index, opcode));
    chip.writeUint32(PIO0 + 0xc8, 5 << 16);
    chip.writeUint32(PIO0 + 0xcc, (PIN << 24) | (6 << 12) | (5 << 7));
    chip.writeUint32(PIO0 + 0xd8, 0xa02b); // mov x, ~null
    const [pace] = chip.pio[0].paces;
    if (!watch) {
        pace.watchPin = (pc, opcode, ticks) => ticks;
    }
    chip.writeUint32(PIO0, 1);
    return { chip, pace };
}

/** Return the counts pushed at these edges, and the number of instructions run. */
function counted(watch, edges) {
    const { chip, pace } = capture(watch);
    const counts = [];
    const drain = () => {
        while (!(chip.readUint32(PIO0 + 0x004) & 0x100)) {
            counts.push(0xfffffffe - chip.readUint32(PIO0 + 0x020));
        }
    };
    let level = false;
    for (const nanos of edges) {
        chip.clock.advanceTo(nanos);
        level = !level;
        chip.gpio[PIN].setInputValue(level);
        chip.clock.advanceTo(nanos + 3 * COUNT_NANOS);
        drain();
    }
    return { counts, instructions: pace.instructions };
}

test('edges are counted the same whether the loop is passed over or run', () => {
    const edges = [];
    let nanos = 1_000;
    for (let index = 0; index < 400; index++) {
        nanos += 1_000 + ((index * 7919) % 3_001);
        edges.push(nanos);
    }
    const fast = counted(true, edges);
    const slow = counted(false, edges);
    assert.deepEqual(fast.counts, slow.counts);
    assert.equal(fast.counts.length, edges.length + 1); // the start counts as an edge on a low pin
    assert.ok(fast.instructions < slow.instructions / 2);
    fast.counts.slice(1).forEach((count, index) => {
        const late = count * COUNT_NANOS + FIRST_NANOS - edges[index];
        assert.ok(late >= 0 && late <= COUNT_NANOS, `${late} ns`);
    });
});

test('an hour of waiting costs a handful of instructions and comes out to the count', () => {
    const { chip, pace } = capture(true);
    chip.clock.advanceTo(1_000);
    chip.readUint32(PIO0 + 0x020);
    const nanos = 400 * 1e9 + 40;
    chip.clock.advanceTo(nanos);
    chip.gpio[PIN].setInputValue(true);
    chip.clock.advanceTo(nanos + 1_000);
    const late = (0xfffffffe - chip.readUint32(PIO0 + 0x020)) * COUNT_NANOS + FIRST_NANOS - nanos;
    assert.ok(late >= 0 && late <= COUNT_NANOS, `${late} ns`);
    assert.ok(pace.instructions < 50);
});

test('the count that comes round goes on', () => {
    const { chip } = capture(true);
    chip.clock.advanceTo(1_000);
    chip.readUint32(PIO0 + 0x020);
    const nanos = 2 ** 32 * COUNT_NANOS + 1e9;
    chip.clock.advanceTo(nanos);
    chip.gpio[PIN].setInputValue(true);
    chip.clock.advanceTo(nanos + 1_000);
    const count = 2 ** 32 + 0xfffffffe - chip.readUint32(PIO0 + 0x020);
    const late = count * COUNT_NANOS + FIRST_NANOS - nanos;
    assert.ok(late >= 0 && late <= COUNT_NANOS + 40, `${late} ns`);
});
