/**
 * The part of WebAssembly that translate.js needs: expressions of 32-bit integers as arrays of bytes, and a module
 * around one function. WebAssembly Core Specification 1.0, chapter 5.
 */

const I32 = 0x7f;
const FUNCREF = 0x70;
const EMPTY = 0x40;

/** An unsigned number, LEB128. */
export function unsigned(value) {
    const bytes = [];
    for (let left = value; ; left >>>= 7) {
        if (left < 128) {
            return [...bytes, left];
        }
        bytes.push((left & 127) | 128);
    }
}

function signed(value) {
    const bytes = [];
    for (let left = value | 0; ; left >>= 7) {
        if (left >= -64 && left < 64) {
            return [...bytes, left & 127];
        }
        bytes.push((left & 127) | 128);
    }
}

export const number = (value) => [0x41, ...signed(value)];
export const get = (local) => [0x20, ...unsigned(local)];
export const set = (local, value) => [...value, 0x21, ...unsigned(local)];

const two = (code) => (a, b) => [...a, ...b, code];
const one = (code) => (a) => [...a, code];
export const not = one(0x45);
export const signedByte = one(0xc0);
export const signedHalf = one(0xc1);
export const equal = two(0x46);
export const differ = two(0x47);
export const less = two(0x48);
export const below = two(0x49);
export const greater = two(0x4a);
export const above = two(0x4b);
export const atMost = two(0x4c);
export const notAbove = two(0x4d);
export const atLeast = two(0x4e);
export const notBelow = two(0x4f);
export const plus = two(0x6a);
export const minus = two(0x6b);
export const times = two(0x6c);
export const and = two(0x71);
export const or = two(0x72);
export const xor = two(0x73);
export const shiftLeft = two(0x74);
export const shiftSigned = two(0x75);
export const shiftRight = two(0x76);
export const rotateRight = two(0x78);
/** `a` if `condition`, else `b`; both are evaluated. */
export const select = (condition, a, b) => [...a, ...b, ...condition, 0x1b];
export const complement = (a) => xor(a, number(-1));

/** Reads and writes of memory: the access size as a power of two, and the instructions. */
export const ACCESS = Object.freeze({
    WORD: { shift: 2, load: 0x28, store: 0x36 },
    HALF: { shift: 1, load: 0x2f, store: 0x3b },
    BYTE: { shift: 0, load: 0x2d, store: 0x3a },
    SIGNED_HALF: { shift: 1, load: 0x2e, store: 0x3b },
    SIGNED_BYTE: { shift: 0, load: 0x2c, store: 0x3a },
});
export const load = ({ shift, load: code }, address, offset) => [...address, code, shift, ...unsigned(offset)];
export const store = ({ shift, store: code }, address, offset, value) => [...address, ...value, code, shift, ...unsigned(offset)];

export const call = (index, ...values) => [...values.flat(), 0x10, ...unsigned(index)];
export const callIndirect = (type, index, ...values) => [...values.flat(), ...index, 0x11, ...unsigned(type), 0];
export const END = [0x0b];
export const BLOCK = [0x02, EMPTY];
export const LOOP = [0x03, EMPTY];
export const RETURN = [0x0f];
export const branch = (depth) => [0x0c, ...unsigned(depth)];
export const branchTable = (index, depths) => [
    ...index,
    0x0e,
    ...unsigned(depths.length - 1),
    ...depths.flatMap((each) => unsigned(each)),
];
export const when = (condition, body) => [...condition, 0x04, EMPTY, ...body, ...END];
export const either = (condition, body, other) => [...condition, 0x04, EMPTY, ...body, 0x05, ...other, ...END];

const section = (code, bytes) => [code, ...unsigned(bytes.length), ...bytes];
const vector = (items) => [...unsigned(items.length), ...items.flat()];
const text = (name) => vector([...Buffer.from(name)].map((byte) => [byte]));

/** Types of functions, by the number of parameters and results. */
export const TYPE = Object.freeze({ ONE_TO_ONE: 0, TWO_TO_NONE: 1 });
const TYPES = [
    [0x60, ...vector([[I32]]), ...vector([[I32]])],
    [0x60, ...vector([[I32], [I32]]), ...vector([])],
];
/** Functions that every module imports, by their index. */
export const IMPORT = Object.freeze({ READ: 0, WRITE: 1 });

/**
 * A module with one function from a number to a number, exported as `run`. It imports `env.memory`, `env.table`,
 * `env.read` (number to number), `env.write` (two numbers).
 * @param {number} locals beside its parameter @param {number[]} body
 */
export function moduleOf(locals, body) {
    const imported = (name, ...what) => [...text('env'), ...text(name), ...what];
    const code = [...vector([[...unsigned(locals), I32]]), ...body, ...END];
    return Uint8Array.from([
        ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
        ...section(1, vector(TYPES)),
        ...section(
            2,
            vector([
                imported('memory', 2, 0, ...unsigned(1)),
                imported('table', 1, FUNCREF, 0, ...unsigned(1)),
                imported('read', 0, TYPE.ONE_TO_ONE),
                imported('write', 0, TYPE.TWO_TO_NONE),
            ]),
        ),
        ...section(3, vector([[TYPE.ONE_TO_ONE]])),
        ...section(7, vector([[...text('run'), 0, ...unsigned(Object.keys(IMPORT).length)]])),
        ...section(10, vector([[...unsigned(code.length), ...code]])),
    ]);
}
