/**
 * Translates straight runs of instructions from flash, boot ROM and SRAM to WebAssembly; runs.js makes functions of
 * them. execute.js remains the definition of each instruction.
 *
 * A run holds registers and flags in local variables. It continues past branches that are not taken and along those
 * that always are, and ends at a computed jump. It touches plain memory only. Before anything else (a device, a fault,
 * an exception's return, a special register) it stops and leaves that instruction to execute.js.
 */
import { DECODED, OP } from './decode.js';
import { WRITE } from './translate_instruction.js';
import { Run } from './translate_run.js';

const RUN_INSTRUCTIONS_MAX = 40;

const KINDS = Object.keys(OP);

/**
 * The run that starts at `start`.
 * @param {(at: number) => number} fetch the half word there, -1 outside translatable memory
 * @returns {Run | null} null if its first instruction is left to execute.js
 */
export function writeRun(fetch, start) {
    const w = new Run(fetch, start);
    const seen = new Set();
    for (let at = start; ; ) {
        const op = w.fetch(at);
        const write = op < 0 ? undefined : WRITE[KINDS[DECODED[op]]];
        if (write === undefined || seen.has(at) || seen.size >= RUN_INSTRUCTIONS_MAX) {
            w.exitIf(null, w.leave(at));
            break;
        }
        seen.add(at);
        w.cycles++;
        w.instructions++;
        // A number: the run goes on there. Null: it has ended. False: not this form of the instruction. Otherwise: go
        // on with the next instruction.
        const next = write(w, op, at);
        if (next === null) {
            break;
        }
        if (next === false && at === start) {
            return null;
        }
        if (next === false) {
            w.exitIf(null, w.giveUp(at));
            break;
        }
        at = typeof next === 'number' ? next : at + 2;
    }
    return w.instructions ? w : null;
}
