/**
 * The shifts of the Cortex-M0+: LSL, LSR, ASR by a constant or a register, and ROR.
 */
import { STATE } from './layout.js';

const { C } = STATE;
const LEFT = 0;
const RIGHT = 1;
const SIGNED = 2;

/**
 * Do the shift, leave the carry in the shared state and return the result. The carry before must be there: a shift by 0
 * does not change it.
 * @param {number} opcode @param {Int32Array} r registers @param {Int32Array} state
 */
export function shift(opcode, r, state) {
    let value = r[(opcode >> 3) & 7];
    let by = (opcode >> 6) & 31;
    let kind = opcode >> 11;
    if (kind > SIGNED) {
        by = value & 255;
        value = r[opcode & 7];
        kind = ((opcode >> 6) & 15) - 2;
    } else if (kind !== LEFT && by === 0) {
        by = 32;
    }
    if (by !== 0) {
        if (kind === LEFT) {
            state[C] = by < 33 ? (value >>> (32 - by)) & 1 : 0;
            value = by < 32 ? value << by : 0;
        } else if (kind === RIGHT) {
            state[C] = by < 33 ? (value >>> (by - 1)) & 1 : 0;
            value = by < 32 ? (value >>> by) | 0 : 0;
        } else if (kind === SIGNED) {
            state[C] = by < 32 ? (value >>> (by - 1)) & 1 : value >>> 31;
            value >>= by < 32 ? by : 31;
        } else {
            value = (value >>> (by & 31)) | (value << (-by & 31));
            state[C] = value >>> 31;
        }
    }
    r[opcode & 7] = value;
    return value;
}
