/** Clock, PIO, UART, FRAM, timer, watchdog and flash by themselves, without an image. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chip } from '../chip.js';
import { Clock } from '../clock.js';
import { FLASH_TIMING } from '../flash.js';
import { Memory } from '../memory.js';
import { Fram, Rtc } from '../i2c_devices.js';

const PIO1 = 0x50300000;
const UART0 = 0x40034000;
const TIMER = 0x40054000;
const WATCHDOG = 0x40058000;
const FLASH = 0x40070000;
const I2C0 = 0x40044000;
const IO_BANK0 = 0x40014000;

function chip() {
    const made = new Chip({
        memory: new Memory(),
        bootrom: new Uint8Array(16 * 1024),
        sram: new Uint8Array(264 * 1024),
        flashTiming: FLASH_TIMING.typical,
        say() {},
    });
    made.core.waiting = true; // no program: only the devices run
    return made;
}

test('alarms of one instant run in the order in which they were set', () => {
    const clock = new Clock();
    const seen = [];
    for (const name of ['a', 'b', 'c']) {
        clock.createAlarm(() => seen.push([name, clock.nanos])).schedule(100);
    }
    const early = clock.createAlarm(() => seen.push(['early', clock.nanos]));
    early.schedule(50);
    clock.advanceTo(1000);
    assert.deepEqual(seen, [['early', 50], ['a', 100], ['b', 100], ['c', 100]]);
    assert.equal(clock.nanos, 1000);
});

test('a timer alarm fires at the nanosecond of its microsecond', () => {
    const made = chip();
    made.clock.advanceTo(10_730);
    const fired = [];
    made.setInterrupt = (irq, value) => value && fired.push([irq, made.clock.nanos]);
    made.writeUint32(TIMER + 0x38, 0xf);
    made.writeUint32(TIMER + 0x14, 20);
    made.clock.advanceTo(30_000);
    assert.deepEqual(fired, [[1, 20_000]]);
});

/** Run this program on state machine 0 of PIO1 at 1 MHz on pin 16. */
function pioProgram(made, program) {
    program.forEach((opcode, index) => made.writeUint32(PIO1 + 0x48 + 4 * index, opcode));
    made.writeUint32(IO_BANK0 + 8 * 16 + 4, 7);
    made.writeUint32(PIO1 + 0xc8, 125 << 16);
    made.writeUint32(PIO1 + 0xcc, (program.length - 1) << 12);
    made.writeUint32(PIO1 + 0xdc, (1 << 26) | (16 << 5) | (1 << 20) | 16);
    made.writeUint32(PIO1 + 0xd8, 0xe081); // set pindirs, 1
}

test('a loop of counting is passed over, and its length is exact', () => {
    const made = chip();
    const edges = [];
    made.gpio[16].addListener((state) => edges.push([state, made.clock.nanos]));
    // pull; mov x, osr; set pins, 1; wait: jmp x-- wait; set pins, 0
    pioProgram(made, [0x80a0, 0xa027, 0xe001, 0x0043, 0xe000]);
    made.writeUint32(PIO1 + 0x010, 1_000_000);
    made.writeUint32(PIO1, 1);
    made.clock.advanceTo(1.1e9);
    const high = edges.find(([state]) => state === 1)[1];
    const low = edges.findLast(([state]) => state === 0)[1];
    assert.equal(low - high, (1_000_000 + 1 + 1) * 1000);
    assert.ok(made.pio[1].paces[0].instructions < 20);
});

test('a counting machine that is stopped has counted as far as it got', () => {
    const made = chip();
    pioProgram(made, [0x80a0, 0xa027, 0xe001, 0x0043, 0xe000]);
    made.writeUint32(PIO1 + 0x010, 1000);
    made.writeUint32(PIO1, 1);
    made.clock.advanceTo(504_500);
    made.writeUint32(PIO1, 0);
    const { x } = made.pio[1].machines[0];
    assert.ok(x > 495 && x < 505, `x is ${x}`);
    made.clock.advanceTo(2e6);
    assert.equal(made.pio[1].machines[0].x, x);
});

test('a UART sends ten bit times a byte and loses what its FIFO cannot hold', () => {
    const made = chip();
    const uart = made.uart[0];
    const sent = [];
    uart.onByte = (byte) => sent.push([byte, Math.round(made.clock.nanos)]);
    made.writeUint32(UART0 + 0x24, 67); // 125 MHz / 16 / 115200
    made.writeUint32(UART0 + 0x28, 52);
    made.writeUint32(UART0 + 0x2c, 0x70);
    made.writeUint32(UART0 + 0x30, 0x301);
    for (const byte of [1, 2, 3]) {
        made.writeUint32(UART0, byte);
    }
    made.clock.advanceTo(1e6);
    assert.deepEqual(sent.map(([byte]) => byte), [1, 2, 3]);
    assert.ok(Math.abs(sent[2][1] - 3 * 86_806) < 100, `third byte at ${sent[2][1]}`);
    for (let byte = 0; byte < 40; byte++) {
        uart.feed(byte, 115200);
    }
    assert.equal(uart.overruns, 8);
    assert.equal(made.readUint32(UART0 + 0x3c) & 0x410, 0x410);
    for (let byte = 0; byte < 32; byte++) {
        assert.equal(made.readUint32(UART0), byte);
    }
    assert.equal(made.readUint32(UART0 + 0x18) & 0x10, 0x10);
});

test('the watchdog bites once, at half a microsecond a count', () => {
    const made = chip();
    const bites = [];
    made.watchdog.onReset = (reason) => bites.push([reason, made.clock.nanos]);
    made.writeUint32(WATCHDOG + 4, 2000);
    made.writeUint32(WATCHDOG, 1 << 30);
    made.clock.advanceTo(500_000);
    made.writeUint32(WATCHDOG + 4, 2000);
    made.clock.advanceTo(5e6);
    assert.deepEqual(bites, [[1, 1_500_000]]);
});

test('an erase takes its time, flags reads meanwhile, and stays half done when power goes', () => {
    const made = chip();
    made.flash.fill(0, 0x10000, 0x12000);
    made.writeUint32(FLASH, 1);
    made.writeUint32(FLASH + 4, 0x10000);
    made.writeUint32(FLASH + 8, 0x2000);
    made.writeUint32(FLASH, 2);
    assert.equal(made.readUint32(FLASH + 16), 1);
    made.readUint32(0x10000100);
    assert.equal(made.flashController.violationCount, 1);
    made.clock.advanceTo(45e6 + 1);
    assert.ok(made.flash.subarray(0x10000, 0x11000).every((byte) => byte === 0xff));
    assert.ok(made.flash.subarray(0x11000, 0x12000).every((byte) => byte === 0));
    made.clock.advanceTo(67.5e6);
    made.flashController.cut();
    const ones = made.flash.subarray(0x11000, 0x12000).reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0);
    assert.ok(Math.abs(ones / (4096 * 8) - 0.5) < 0.05, `${ones} bits erased`);
});

test('FRAM takes two address bytes and counts through; bytes take nine bit times', () => {
    const made = chip();
    const fram = new Fram();
    made.i2c[0].devices.set(0x50, fram);
    made.writeUint32(I2C0 + 0x1c, 125);
    made.writeUint32(I2C0 + 0x20, 188); // 400 kHz, fast mode
    made.writeUint32(I2C0 + 0x04, 0x50);
    made.writeUint32(I2C0 + 0x6c, 1);
    for (const byte of [0x7f, 0xff, 0xaa, 0x200 | 0xbb]) {
        made.writeUint32(I2C0 + 0x10, byte);
    }
    made.clock.advanceTo(1e6);
    assert.equal(fram.bytes[0x7fff], 0xaa);
    assert.equal(fram.bytes[0], 0xbb);
    assert.equal(fram.writes, 2);
    made.writeUint32(I2C0 + 0x6c, 0);
    made.writeUint32(I2C0 + 0x04, 0x33);
    made.writeUint32(I2C0 + 0x6c, 1);
    made.writeUint32(I2C0 + 0x10, 0x200);
    made.clock.advanceTo(2e6);
    assert.equal(made.readUint32(I2C0 + 0x34) & 0x50, 0x50, 'abort and empty');
});

test('the I2C interrupt comes when the FIFO has run empty, if the mask lets it', () => {
    const made = chip();
    made.i2c[0].devices.set(0x50, new Fram());
    made.writeUint32(I2C0 + 0x1c, 125);
    made.writeUint32(I2C0 + 0x20, 188);
    made.writeUint32(I2C0 + 0x04, 0x50);
    made.writeUint32(I2C0 + 0x6c, 1);
    const raised = [];
    made.setInterrupt = (irq, value) => value && raised.push(made.clock.nanos);
    made.writeUint32(I2C0 + 0x30, 0);
    for (const masked of [false, true]) {
        const from = made.clock.nanos;
        for (let byte = 0; byte < 16; byte++) {
            made.writeUint32(I2C0 + 0x10, byte);
        }
        if (masked) {
            made.writeUint32(I2C0 + 0x30, 0x10);
        }
        made.clock.advanceTo(from + 1e6);
        if (masked) {
            assert.equal(raised[raised.length - 1] - from, 16 * 9 * 2504, 'after the sixteenth byte');
        } else {
            assert.deepEqual(raised, []);
        }
    }
});

test('the clock keeps time of day, can be set, and goes on', () => {
    let nanos = 0;
    const rtc = new Rtc(() => nanos, Date.UTC(2026, 0, 1));
    const read = (at, count) => {
        rtc.start(false);
        rtc.write(at);
        rtc.stop();
        rtc.start(true);
        return Array.from({ length: count }, () => rtc.read());
    };
    nanos = 3661e9;
    assert.deepEqual(read(0, 3), [0x01, 0x01, 0x01]);
    rtc.start(false);
    [0, 0x30, 0x59, 0x23, 0x04, 0x28, 0x02, 0x26].forEach((byte) => rtc.write(byte));
    rtc.stop();
    nanos += 40e9;
    assert.deepEqual(read(0, 7), [0x10, 0x00, 0x00, 0x00, 0x01, 0x03, 0x26]);
});
