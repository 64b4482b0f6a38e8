/**
 * The emulated Pico as a program: `node main.js CONFIG IN_FD OUT_FD`, started by hil/backends/emulator_process.py.
 *
 * CONFIG is JSON: image (UF2), bootrom, pins, stepsPerStroke, flashTiming, epochMillis.
 */
import { readFileSync } from 'node:fs';
import { Bench, serve } from './lockstep.js';
import { Machine } from './machine.js';
import { flashOf } from './uf2.js';

const [configText, inFd, outFd] = process.argv.slice(2);
const config = JSON.parse(configText);
const bench = new Bench(Number(inFd), Number(outFd));
const board = {
    ...config,
    image: flashOf(readFileSync(config.image)),
    bootrom: readFileSync(config.bootrom),
};
const machine = new Machine(board, bench, (text) => process.stderr.write(`${text}\n`));
bench.pipe.send({ hello: 'emulated pico', version: 1 });
serve(machine, bench);
