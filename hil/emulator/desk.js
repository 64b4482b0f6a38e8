/**
 * Two emulated Picos as a program: `node desk.js CONFIG IN_FD OUT_FD`, started by hil/backends/desk_lines.py.
 *
 * CONFIG is JSON: bootrom, epochMillis, and for `pump` and `io` each image (UF2) and pins. Orders and answers are JSON,
 * one object a line (lockstep.js). Time passes only during `run`.
 */
import { readFileSync } from 'node:fs';
import { Bench, hex, information, serve, unhex } from './lockstep.js';
import { Pair } from './pair.js';
import { flashOf } from './uf2.js';

const [configText, inFd, outFd] = process.argv.slice(2);
const { bootrom, epochMillis, ...boards } = JSON.parse(configText);

/** The orders of the bench, by name. */
const ORDERS = {
    run(pair, { until, stop }) {
        const done = pair.run(until, stop);
        const pieces = ['pump', 'io'].flatMap((who) =>
            pair[who].lines.flatMap((line) =>
                line.takePieces().map(({ nanos, bytes }) => [who, line.index, nanos, hex(bytes)]),
            ),
        );
        return { done, now: pair.nowNanos, pieces };
    },

    send(pair, { who, line, data }) {
        pair[who].lines[line].send(pair.nowNanos, unhex(data));
        return {};
    },

    /** Put bytes into the pump's FRAM. */
    write(pair, { at, data }) {
        pair.pump.fram.bytes.set(unhex(data), at);
        return {};
    },

    /** The pump's STEP edges from number `from` on, as the emulator saw them. */
    truth(pair, { from }) {
        return { edges: pair.stepEdges.slice(from) };
    },

    /**
     * Put pulses that no pump made onto the wire of STEP: `count` pulses of `high` ns, one every `period` ns from `at`
     * on.
     */
    steps(pair, { at, count, period, high }) {
        pair.playSteps(at, count, period, high);
        return {};
    },

    info(pair) {
        const pump = pair.pump.chip ? information(pair.pump) : null;
        const io = { ...information(pair.io), capture_start: pair.captureStartNanos };
        return { pump, io, pressure: pair.pressureCounts, dac_writes: pair.dac.writes };
    },
};

const machineOf = (board) => ({
    ...board,
    image: flashOf(readFileSync(board.image)),
    bootrom: readFileSync(bootrom),
    flashTiming: 'typical',
    epochMillis,
});
const bench = new Bench(Number(inFd), Number(outFd));
const say = (text) => process.stderr.write(`${text}\n`);
const pair = new Pair({ pump: machineOf(boards.pump), io: machineOf(boards.io) }, say);
bench.pipe.send({ hello: 'emulated desk', version: 1 });
serve(pair, bench, ORDERS);
