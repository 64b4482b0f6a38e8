/**
 * Straight runs of instructions from flash and boot ROM, translated to JavaScript functions: several times as fast as
 * execute.js, which stays the one that defines what an instruction does.
 *
 * A run holds registers and flags in local variables, goes on past branches that are not taken and along those that always
 * are, and ends at a computed jump. It touches plain memory only. Before anything else (a device, a fault, an exception's
 * return, a special register) it stops and leaves that instruction to execute.js. A run is begun only where all of it
 * ends before the caller's limit, so time stands still meanwhile, and interrupts come at the same instruction as without
 * translation. docs/emulator.md.
 */
import { DECODED, OP } from './decode.js';
import { FLASH_BYTES } from './flash.js';

const SRAM = 0x20000000;
const SRAM_BYTES = 264 * 1024;
const FLASH = 0x10000000;
const SIO = 0xd0000000 | 0;
const DIVIDER = 0x60;
const DIVIDER_STATUS = 0x78;
const ROM_BYTES = 16 * 1024;
const RUN_INSTRUCTIONS_MAX = 40;
/** A run's start is translated when it has been jumped to so often. */
export const VISITS = 250;

const KINDS = Object.keys(OP);

/** What a run and its caller share: places in an Int32Array. NZ has the sign and the zero of the last result. */
export const CYCLES = 0;
export const LIMIT = 1;
export const NZ = 2;
export const C = 3;
export const V = 4;
export const INSTRUCTIONS = 5;

/** The flags as they are found in the shared state. */
const FOUND = Object.freeze({ nz: 'nz', c: 'c', v: 'v' });

/** How each condition reads the flags, 0 … 13. */
const CONDITIONS = [
    ({ nz }) => `${nz} === 0`,
    ({ nz }) => `${nz} !== 0`,
    ({ c }) => `${c} !== 0`,
    ({ c }) => `${c} === 0`,
    ({ nz }) => `${nz} < 0`,
    ({ nz }) => `${nz} >= 0`,
    ({ v }) => `${v} !== 0`,
    ({ v }) => `${v} === 0`,
    ({ c, nz }) => `${c} !== 0 && ${nz} !== 0`,
    ({ c, nz }) => `(${c} === 0 || ${nz} === 0)`,
    ({ nz, v }) => `${nz} < 0 === (${v} !== 0)`,
    ({ nz, v }) => `${nz} < 0 !== (${v} !== 0)`,
    ({ nz, v }) => `${nz} !== 0 && ${nz} < 0 === (${v} !== 0)`,
    ({ nz, v }) => `(${nz} === 0 || ${nz} < 0 !== (${v} !== 0))`,
];
/** The same after `a - b`, where the comparison itself says it. */
const COMPARISONS = {
    2: (a, b) => `${a} >>> 0 >= ${b} >>> 0`,
    3: (a, b) => `${a} >>> 0 < ${b} >>> 0`,
    8: (a, b) => `${a} >>> 0 > ${b} >>> 0`,
    9: (a, b) => `${a} >>> 0 <= ${b} >>> 0`,
    10: (a, b) => `${a} >= ${b}`,
    11: (a, b) => `${a} < ${b}`,
    12: (a, b) => `${a} > ${b}`,
    13: (a, b) => `${a} <= ${b}`,
};

const LOADS = {
    LDR: { shift: 2, of: 'sram32', or: 'flash32' },
    LDRH: { shift: 1, of: 'sram16', or: 'flash16' },
    LDRB: { shift: 0, of: 'sram', or: 'flash' },
    LDRSH: { shift: 1, of: 'sram16', or: 'flash16', sign: 16 },
    LDRSB: { shift: 0, of: 'sram', or: 'flash', sign: 24 },
};

/** One run being written. */
class Writer {
    /** @param {(at: number) => number} fetch the half word there, -1 outside of what is translated */
    constructor(fetch) {
        this.fetch = fetch;
        this.lines = [];
        this.used = new Set();
        this.changed = new Set();
        /** @type {Map<number, number>} registers whose value is the same in every pass */
        this.known = new Map();
        this.flags = FOUND;
        this.cycles = 0;
        this.reach = 0;
        this.instructions = 0;
        this.loops = false;
        this.names = 0;
    }

    emit(line) {
        this.lines.push(line);
    }

    reg(n) {
        this.used.add(n);
        return `r${n}`;
    }

    set(n, value) {
        this.used.add(n);
        this.changed.add(n);
        this.known.delete(n);
        this.emit(`r${n} = ${value};`);
    }

    /** @param {number} value that this register now always has */
    setKnown(n, value) {
        this.set(n, `${value | 0}`);
        this.known.set(n, value | 0);
    }

    /** A value kept under a name of its own, because its register may change before it is read. */
    keep(value) {
        const name = `k${this.names++}`;
        this.emit(`const ${name} = ${value};`);
        return name;
    }

    /** Set the flags by `nz`, and by `c` and `v` where they are given. */
    flag(nz, c = this.flags.c, v = this.flags.v) {
        this.flags = { nz, c, v };
    }

    add(a, b, carry = '') {
        const nz = this.keep(`(${a} + ${b}${carry && ` + ${carry}`}) | 0`);
        this.flag(
            nz,
            `(((${a} & ${b}) | ((${a} | ${b}) & ~${nz})) >>> 31)`,
            `(((${a} ^ ${nz}) & (${b} ^ ${nz})) >>> 31)`,
        );
        return nz;
    }

    subtract(a, b) {
        const nz = this.keep(`(${a} - ${b}) | 0`);
        const v = `(((${a} ^ ${b}) & (${a} ^ ${nz})) >>> 31)`;
        this.flags = { nz, c: `(${a} >>> 0 >= ${b} >>> 0 ? 1 : 0)`, v, a, b };
        return nz;
    }

    condition(number) {
        const { a, b } = this.flags;
        return a !== undefined && COMPARISONS[number] ? COMPARISONS[number](a, b) : CONDITIONS[number](this.flags);
    }

    /** What is true of the run so far goes back to where the caller looks for it. */
    put(cycles, instructions) {
        this.reach = Math.max(this.reach, cycles);
        const { nz, c, v } = this.flags;
        return [
            `s[${CYCLES}] += ${cycles}; s[${INSTRUCTIONS}] += ${instructions};`,
            c === 'c' ? '' : `s[${C}] = ${c};`,
            v === 'v' ? '' : `s[${V}] = ${v};`,
            nz === 'nz' ? '' : `s[${NZ}] = ${nz};`,
        ].join(' ');
    }

    /** Leave for `to`, after this instruction. */
    leave(to, cycles = this.cycles) {
        return { parts: [this.put(cycles, this.instructions), `return ${to};`], changed: [...this.changed] };
    }

    /** Leave this instruction, which has changed nothing yet, to execute.js: an odd address says so. */
    giveUp(at) {
        return { parts: [this.put(this.cycles - 1, this.instructions - 1), `return ${at | 1};`], changed: [...this.changed] };
    }

    /** Once more from the start of the run, if there is time for all of it. */
    again(start, cycles) {
        this.loops = true;
        const { nz, c, v } = this.flags;
        const body =
            `const n = ${nz}, y = ${c}, w = ${v}; nz = n; c = y; v = w; s[${NZ}] = n; s[${C}] = y; s[${V}] = w; ` +
            `s[${CYCLES}] += ${cycles}; s[${INSTRUCTIONS}] += ${this.instructions};`;
        this.reach = Math.max(this.reach, cycles);
        return { again: start, parts: [body], changed: [...this.changed] };
    }

    /** @param {string} when @param {object} exit */
    exitIf(when, exit) {
        this.lines.push({ when, exit });
    }

    /** An address in plain memory, or the instruction is given up. Returns what to read, by `pick`. */
    load(at, address, target, { shift, of, or, sign }) {
        const from = this.keep(`(${address}) | 0`);
        const aligned = shift ? ` && !(${from} & ${(1 << shift) - 1})` : '';
        const inFlash = this.keep(`(${from} - ${FLASH}) | 0`);
        const inSram = this.keep(`(${from} - ${SRAM}) | 0`);
        const value = `v${this.names++}`;
        this.emit(`let ${value} = 0;`);
        this.emit(`if (${inSram} >>> 0 < ${SRAM_BYTES}${aligned}) ${value} = ${of}[${inSram} >> ${shift}];`);
        this.emit(`else if (${inFlash} >>> 0 < flashBytes${aligned}) ${value} = ${or}[${inFlash} >> ${shift}];`);
        this.exitIf('else', this.giveUp(at));
        this.set(target, sign ? `(${value} << ${sign}) >> ${sign}` : value);
        this.cycles++;
    }

    store(at, address, value, { shift, of }) {
        const to = this.keep(`(${address} - ${SRAM}) | 0`);
        const unaligned = shift ? ` || ${to} & ${(1 << shift) - 1}` : '';
        this.exitIf(`if (${to} >>> 0 >= ${SRAM_BYTES}${unaligned})`, this.giveUp(at));
        this.emit(`${of}[${to} >> ${shift}] = ${value};`);
        this.cycles++;
    }

    /** The text of the finished run. */
    text(start) {
        const every = [...this.changed];
        const exit = ({ parts, changed, again }) => {
            const back = (this.loops ? every : changed).map((n) => `r[${n}] = r${n};`).join(' ');
            if (again === undefined) {
                return `${back} ${parts.join(' ')}`;
            }
            return `${parts.join(' ')} if (s[${CYCLES}] + ${this.reach} <= s[${LIMIT}]) continue; ${back} return ${again};`;
        };
        const body = this.lines.map((line) =>
            typeof line === 'string' ? line : `${line.when} { ${exit(line.exit)} }`,
        );
        const registers = [...this.used].map((n) => `let r${n} = r[${n}];`).join(' ');
        const flags = `let nz = s[${NZ}], c = s[${C}], v = s[${V}];`;
        const inner = this.loops ? ['for (;;) {', ...body, '}'] : body;
        return `return function run_${start.toString(16)}() {\n${registers} ${flags}\n${inner.join('\n')}\n};`;
    }
}

/** How each kind of instruction is written: (writer, opcode, its address). What is missing here is execute.js' alone. */
const WRITE = {
    LSL_IMM(w, op) {
        const known = w.known.get((op >> 3) & 7);
        shiftBy(w, op & 7, (op >> 3) & 7, (op >> 6) & 31, (x, n) => [n ? `${x} << ${n}` : x, n && `((${x} >>> ${32 - n}) & 1)`]);
        if (known !== undefined) {
            w.known.set(op & 7, known << ((op >> 6) & 31));
        }
    },
    LSR_IMM(w, op) {
        shiftBy(w, op & 7, (op >> 3) & 7, (op >> 6) & 31, (x, n) => [
            n ? `(${x} >>> ${n}) | 0` : '0',
            n ? `((${x} >>> ${n - 1}) & 1)` : `(${x} >>> 31)`,
        ]);
    },
    ASR_IMM(w, op) {
        shiftBy(w, op & 7, (op >> 3) & 7, (op >> 6) & 31, (x, n) => [
            `${x} >> ${n || 31}`,
            n ? `((${x} >>> ${n - 1}) & 1)` : `(${x} >>> 31)`,
        ]);
    },
    ADD_REG: (w, op) => w.set(op & 7, w.add(w.keep(w.reg((op >> 3) & 7)), w.keep(w.reg((op >> 6) & 7)))),
    ADD_IMM3: (w, op) => w.set(op & 7, w.add(w.keep(w.reg((op >> 3) & 7)), (op >> 6) & 7)),
    ADD_IMM8: (w, op) => w.set((op >> 8) & 7, w.add(w.keep(w.reg((op >> 8) & 7)), op & 255)),
    SUB_REG: (w, op) => w.set(op & 7, w.subtract(w.keep(w.reg((op >> 3) & 7)), w.keep(w.reg((op >> 6) & 7)))),
    SUB_IMM3: (w, op) => w.set(op & 7, w.subtract(w.keep(w.reg((op >> 3) & 7)), (op >> 6) & 7)),
    SUB_IMM8: (w, op) => w.set((op >> 8) & 7, w.subtract(w.keep(w.reg((op >> 8) & 7)), op & 255)),
    CMP_IMM: (w, op) => w.subtract(w.keep(w.reg((op >> 8) & 7)), op & 255),
    CMP: (w, op) => w.subtract(w.keep(w.reg(op & 7)), w.keep(w.reg((op >> 3) & 7))),
    CMN: (w, op) => w.add(w.keep(w.reg(op & 7)), w.keep(w.reg((op >> 3) & 7))),
    CMP_HI(w, op) {
        const [n, m] = [((op >> 4) & 8) | (op & 7), (op >> 3) & 15];
        if (n === 15 || m === 15) {
            return false;
        }
        w.subtract(w.keep(w.reg(n)), w.keep(w.reg(m)));
    },
    MOV_IMM(w, op) {
        w.setKnown((op >> 8) & 7, op & 255);
        w.flag(`${op & 255}`);
    },
    AND: (w, op) => logic(w, op, (a, b) => `${a} & ${b}`),
    EOR: (w, op) => logic(w, op, (a, b) => `${a} ^ ${b}`),
    ORR: (w, op) => logic(w, op, (a, b) => `${a} | ${b}`),
    BIC: (w, op) => logic(w, op, (a, b) => `${a} & ~${b}`),
    MVN: (w, op) => logic(w, op, (_, b) => `~${b}`),
    MUL: (w, op) => logic(w, op, (a, b) => `Math.imul(${a}, ${b})`),
    TST: (w, op) => w.flag(w.keep(`${w.reg(op & 7)} & ${w.reg((op >> 3) & 7)}`)),
    LSL(w, op) {
        shiftByRegister(w, op, (x, n) => [`${n} < 32 ? ${x} << ${n} : 0`, `${n} < 33 ? (${x} >>> (32 - ${n})) & 1 : 0`]);
    },
    LSR(w, op) {
        shiftByRegister(w, op, (x, n) => [
            `${n} < 32 ? (${x} >>> ${n}) | 0 : 0`,
            `${n} < 33 ? (${x} >>> (${n} - 1)) & 1 : 0`,
        ]);
    },
    ASR(w, op) {
        shiftByRegister(w, op, (x, n) => [
            `${x} >> (${n} < 32 ? ${n} : 31)`,
            `${n} < 32 ? (${x} >>> (${n} - 1)) & 1 : ${x} >>> 31`,
        ]);
    },
    ROR(w, op) {
        shiftByRegister(w, op, (x, n) => [
            `((${x} >>> (${n} & 31)) | (${x} << ((32 - ${n}) & 31))) | 0`,
            `(${x} >>> ((${n} - 1) & 31)) & 1`,
        ]);
    },
    ADC(w, op) {
        const carry = w.keep(w.flags.c);
        w.set(op & 7, w.add(w.keep(w.reg(op & 7)), w.keep(w.reg((op >> 3) & 7)), carry));
    },
    SBC(w, op) {
        const carry = w.keep(w.flags.c);
        w.set(op & 7, w.add(w.keep(w.reg(op & 7)), w.keep(`~${w.reg((op >> 3) & 7)}`), carry));
    },
    RSB(w, op) {
        const b = w.keep(w.reg((op >> 3) & 7));
        const nz = w.keep(`-${b} | 0`);
        w.flag(nz, `(${b} === 0 ? 1 : 0)`, `((${b} & ${nz}) >>> 31)`);
        w.set(op & 7, nz);
    },
    ADD_HI: (w, op, at) => moveHigh(w, op, at, true),
    MOV_HI: (w, op, at) => moveHigh(w, op, at, false),
    SXTH: (w, op) => w.set(op & 7, `(${w.reg((op >> 3) & 7)} << 16) >> 16`),
    SXTB: (w, op) => w.set(op & 7, `(${w.reg((op >> 3) & 7)} << 24) >> 24`),
    UXTH: (w, op) => w.set(op & 7, `${w.reg((op >> 3) & 7)} & 0xffff`),
    UXTB: (w, op) => w.set(op & 7, `${w.reg((op >> 3) & 7)} & 0xff`),
    REV(w, op) {
        const x = w.keep(w.reg((op >> 3) & 7));
        w.set(op & 7, `(${x} << 24) | ((${x} << 8) & 0xff0000) | ((${x} >>> 8) & 0xff00) | (${x} >>> 24)`);
    },
    ADR: (w, op, at) => w.setKnown((op >> 8) & 7, ((at + 4) & ~3) + ((op & 255) << 2)),
    ADD_SP: (w, op) => w.set((op >> 8) & 7, `(${w.reg(13)} + ${(op & 255) << 2}) | 0`),
    ADJUST_SP: (w, op) => w.set(13, `(${w.reg(13)} ${op & 0x80 ? '-' : '+'} ${(op & 127) << 2}) | 0`),
    LDR_LIT(w, op, at) {
        const from = ((at + 4) & ~3) + ((op & 255) << 2);
        const [low, high] = [w.fetch(from), w.fetch(from + 2)];
        if (low < 0 || high < 0) {
            return false;
        }
        w.setKnown((op >> 8) & 7, low | (high << 16));
        w.cycles++;
    },
    STR_REG: (w, op, at) => w.store(at, byRegister(w, op), w.reg(op & 7), LOADS.LDR),
    STRH_REG: (w, op, at) => w.store(at, byRegister(w, op), w.reg(op & 7), LOADS.LDRH),
    STRB_REG: (w, op, at) => w.store(at, byRegister(w, op), w.reg(op & 7), LOADS.LDRB),
    LDR_REG: (w, op, at) => w.load(at, byRegister(w, op), op & 7, LOADS.LDR),
    LDRH_REG: (w, op, at) => w.load(at, byRegister(w, op), op & 7, LOADS.LDRH),
    LDRB_REG: (w, op, at) => w.load(at, byRegister(w, op), op & 7, LOADS.LDRB),
    LDRSH: (w, op, at) => w.load(at, byRegister(w, op), op & 7, LOADS.LDRSH),
    LDRSB: (w, op, at) => w.load(at, byRegister(w, op), op & 7, LOADS.LDRSB),
    STR_IMM(w, op, at) {
        const divider = dividerOffset(w, op);
        if (divider) {
            w.emit(`sio.writeUint32(${divider}, ${w.reg(op & 7)} >>> 0);`);
        } else {
            w.store(at, byImmediate(w, op, 2), w.reg(op & 7), LOADS.LDR);
        }
    },
    STRH_IMM: (w, op, at) => w.store(at, byImmediate(w, op, 1), w.reg(op & 7), LOADS.LDRH),
    STRB_IMM: (w, op, at) => w.store(at, byImmediate(w, op, 0), w.reg(op & 7), LOADS.LDRB),
    LDR_IMM(w, op, at) {
        const divider = dividerOffset(w, op);
        if (divider) {
            w.set(op & 7, `sio.readUint32(${divider}) | 0`);
        } else {
            w.load(at, byImmediate(w, op, 2), op & 7, LOADS.LDR);
        }
    },
    LDRH_IMM: (w, op, at) => w.load(at, byImmediate(w, op, 1), op & 7, LOADS.LDRH),
    LDRB_IMM: (w, op, at) => w.load(at, byImmediate(w, op, 0), op & 7, LOADS.LDRB),
    STR_SP: (w, op, at) => w.store(at, `${w.reg(13)} + ${(op & 255) << 2}`, w.reg((op >> 8) & 7), LOADS.LDR),
    LDR_SP: (w, op, at) => w.load(at, `${w.reg(13)} + ${(op & 255) << 2}`, (op >> 8) & 7, LOADS.LDR),
    PUSH(w, op, at) {
        const list = [...listed(op & 255), ...(op & 0x100 ? [14] : [])];
        const to = w.keep(`(${w.reg(13)} - ${SRAM}) | 0`);
        w.exitIf(`if (${to} < 36 || ${to} > ${SRAM_BYTES})`, w.giveUp(at));
        list.reverse().forEach((n, index) => w.emit(`sram32[(${to} >> 2) - ${index + 1}] = ${w.reg(n)};`));
        w.set(13, `(r13 - ${list.length * 4}) | 0`);
        w.cycles += list.length;
    },
    POP(w, op, at) {
        const list = listed(op & 255);
        const from = w.keep(`(${w.reg(13)} - ${SRAM}) | 0`);
        const whole = (list.length + (op & 0x100 ? 1 : 0)) * 4;
        w.exitIf(`if (${from} >>> 0 > ${SRAM_BYTES - whole})`, w.giveUp(at));
        const to = op & 0x100 ? w.keep(`sram32[(${from} >> 2) + ${list.length}]`) : '';
        if (to) {
            w.exitIf(`if (${to} >>> 28 === 15)`, w.giveUp(at));
        }
        list.forEach((n, index) => w.set(n, `sram32[(${from} >> 2) + ${index}]`));
        w.set(13, `(r13 + ${whole}) | 0`);
        w.cycles += list.length;
        if (to) {
            w.cycles += 2;
            w.exitIf('', w.leave(`${to} & ~1`));
            return null;
        }
    },
    STM(w, op, at) {
        const [n, list] = [(op >> 8) & 7, listed(op & 255)];
        const to = block(w, at, n, list);
        list.forEach((each, index) => w.emit(`sram32[(${to} >> 2) + ${index}] = ${w.reg(each)};`));
        w.set(n, `(r${n} + ${list.length * 4}) | 0`);
        w.cycles += list.length;
    },
    LDM(w, op, at) {
        const [n, list] = [(op >> 8) & 7, listed(op & 255)];
        const from = block(w, at, n, list);
        if (!list.includes(n)) {
            w.set(n, `(r${n} + ${list.length * 4}) | 0`);
        }
        list.forEach((each, index) => w.set(each, `sram32[(${from} >> 2) + ${index}]`));
        w.cycles += list.length;
    },
    BX: (w, op, at) => jump(w, at, (op >> 3) & 15),
    BLX(w, op, at) {
        const n = (op >> 3) & 15;
        if (n > 13) {
            return false;
        }
        w.setKnown(14, (at + 2) | 1);
        w.cycles++;
        w.exitIf('', w.leave(`${w.reg(n)} & ~1`));
        return null;
    },
    B_COND(w, op, at, start) {
        const to = (at + 4 + ((op << 24) >> 23)) | 0;
        const when = `if (${w.condition((op >> 8) & 15)})`;
        w.exitIf(when, to === start ? w.again(start, w.cycles + 1) : w.leave(`${to}`, w.cycles + 1));
    },
    B(w, op, at) {
        w.cycles++;
        return (at + 4 + ((op << 21) >> 20)) | 0;
    },
    WIDE(w, op, at) {
        const second = w.fetch(at + 2);
        if (second < 0 || (second & 0xd000) !== 0xd000) {
            return false;
        }
        const s = (op >> 10) & 1;
        const i1 = ((second >> 13) & 1) ^ s ^ 1;
        const i2 = ((second >> 11) & 1) ^ s ^ 1;
        const offset = (s ? 0xff000000 : 0) | (i1 << 23) | (i2 << 22) | ((op & 0x3ff) << 12) | ((second & 0x7ff) << 1);
        w.setKnown(14, (at + 4) | 1);
        w.cycles += 2;
        return (at + 4 + offset) | 0;
    },
};

const listed = (bits) => [0, 1, 2, 3, 4, 5, 6, 7].filter((n) => bits & (1 << n));
const byRegister = (w, op) => `${w.reg((op >> 3) & 7)} + ${w.reg((op >> 6) & 7)}`;
const byImmediate = (w, op, shift) => `${w.reg((op >> 3) & 7)} + ${((op >> 6) & 31) << shift}`;

/** The divider's register that this load or store is about, 0 if none: the one device that knows no time and no bus. */
function dividerOffset(w, op) {
    const offset = (w.known.get((op >> 3) & 7) ?? 0) + (((op >> 6) & 31) << 2) - SIO;
    return offset >= DIVIDER && offset <= DIVIDER_STATUS ? offset : 0;
}

function shiftBy(w, d, m, n, how) {
    const [value, carry] = how(w.keep(w.reg(m)), n);
    const nz = w.keep(value);
    w.flag(nz, carry || w.flags.c);
    w.set(d, nz);
}

/** A shift by 0 leaves the carry as it was. */
function shiftByRegister(w, op, how) {
    const by = w.keep(`${w.reg((op >> 3) & 7)} & 255`);
    const [value, carry] = how(w.keep(w.reg(op & 7)), by);
    const nz = w.keep(value);
    w.flag(nz, w.keep(`${by} ? ${carry} : ${w.flags.c}`));
    w.set(op & 7, nz);
}

function logic(w, op, how) {
    const nz = w.keep(how(w.reg(op & 7), w.reg((op >> 3) & 7)));
    w.flag(nz);
    w.set(op & 7, nz);
}

function moveHigh(w, op, at, add) {
    const [d, m] = [((op >> 4) & 8) | (op & 7), (op >> 3) & 15];
    const from = (n) => (n === 15 ? `${at + 4}` : w.reg(n));
    const value = add ? `(${from(m)} + ${from(d)}) | 0` : from(m);
    if (d === 15) {
        w.cycles++;
        w.exitIf('', w.leave(`(${value}) & ~1`));
        return null;
    }
    w.set(d, d === 13 ? `(${value}) & ~3` : value);
}

function jump(w, at, n) {
    if (n === 15) {
        return false;
    }
    const known = w.known.get(n);
    if (known !== undefined && known >>> 28 !== 15) {
        w.cycles++;
        return known & ~1;
    }
    w.exitIf(`if (${w.reg(n)} >>> 28 === 15)`, w.giveUp(at));
    w.cycles++;
    w.exitIf('', w.leave(`r${n} & ~1`));
    return null;
}

/** Where a block transfer begins in SRAM; all of it is there, or the instruction is given up. */
function block(w, at, n, list) {
    const from = w.keep(`(${w.reg(n)} - ${SRAM}) | 0`);
    w.exitIf(`if (${from} >>> 0 > ${SRAM_BYTES - list.length * 4} || ${from} & 3)`, w.giveUp(at));
    return from;
}

/**
 * The run that starts at `start`.
 * @param {(at: number) => number} fetch the half word there, -1 outside of what is translated
 * @returns {{text: string, reach: number} | null} the function's text, and the cycles that it may take; null if its first
 * instruction is execute.js' alone
 */
export function writeRun(fetch, start) {
    const w = new Writer(fetch);
    const seen = new Set();
    for (let at = start; ; ) {
        const op = fetch(at);
        const write = op < 0 ? undefined : WRITE[KINDS[DECODED[op]]];
        if (write === undefined || seen.has(at) || seen.size >= RUN_INSTRUCTIONS_MAX) {
            const exit = at === start && seen.size ? w.again(start, w.cycles) : w.leave(`${at}`);
            w.exitIf('', exit);
            break;
        }
        seen.add(at);
        w.cycles++;
        w.instructions++;
        // A number: the run goes on there. Null: it has ended. False: not this form of the instruction. Else: with the next.
        const next = write(w, op, at, start);
        if (next === null) {
            break;
        }
        if (next === false && at === start) {
            return null;
        }
        if (next === false) {
            w.exitIf('', w.giveUp(at));
            break;
        }
        at = typeof next === 'number' ? next : at + 2;
    }
    return w.instructions ? { text: w.text(start), reach: w.reach } : null;
}

/** The place in the tables below of the half word at `pc`; -1 if it is in neither ROM nor flash. */
export function placeOf(pc) {
    const inFlash = (pc - FLASH) | 0;
    return inFlash >>> 0 < FLASH_BYTES ? (inFlash + ROM_BYTES) >> 1 : pc >>> 0 < ROM_BYTES ? pc >> 1 : -1;
}

/** Run after run, as long as there are some and the time is enough. Returns where that ended, odd as theirs. */
export function follow({ found, reach, shared }, first) {
    let pc = 0;
    let run = first;
    for (;;) {
        pc = run();
        const place = pc & 1 ? -1 : placeOf(pc);
        if (place < 0) {
            return pc;
        }
        run = found[place];
        if (run === undefined || shared[CYCLES] + reach[place] > shared[LIMIT]) {
            return pc;
        }
    }
}

/** The translated runs of a chip, by the place of their first instruction. */
export class Runs {
    /** Jumps of this and later chips before anything is translated: a life of two busy seconds is sooner over without. */
    static jumpsLeft = 10_000_000;

    /** @param {object} chip whose memories the runs work on @param {Int32Array} registers @param {Int32Array} shared */
    constructor(chip, registers, shared) {
        const { sio, sram, sram16, sram32, flash, flash16, flash32, rom16 } = chip;
        this.shared = shared;
        const places = (ROM_BYTES + FLASH_BYTES) / 2;
        /** @type {(undefined | (() => number))[]} each returns where the next instruction is; odd if it is execute.js' */
        this.found = new Array(places).fill(undefined);
        /** Cycles that each may take. */
        this.reach = new Int32Array(places);
        this.visits = new Uint8Array(places);
        /** Where there are some. */
        this.places = [];
        this.fetch = (at) => {
            const inFlash = (at - FLASH) | 0;
            return (inFlash >>> 0 < FLASH_BYTES ? flash16[inFlash >> 1] : rom16[at >> 1]) ?? -1;
        };
        this.memories = { r: registers, s: shared, sio, sram, sram16, sram32, flash, flash16, flash32, flashBytes: flash.length };
    }

    /** Somebody has jumped to this place, where no run is yet. */
    visit(place) {
        if (Runs.jumpsLeft > 0) {
            Runs.jumpsLeft--;
            return;
        }
        if (this.visits[place] === VISITS || ++this.visits[place] < VISITS) {
            return;
        }
        const start = place * 2 < ROM_BYTES ? place * 2 : place * 2 - ROM_BYTES + FLASH;
        const run = writeRun(this.fetch, start);
        if (run) {
            const names = Object.keys(this.memories);
            this.reach[place] = run.reach;
            this.places.push(place);
            this.found[place] = new Function(...names, `'use strict'; ${run.text}`)(...Object.values(this.memories));
        }
    }

    /** The flash has changed. */
    forget() {
        for (const place of this.places) {
            this.found[place] = undefined;
            this.visits[place] = 0;
        }
        this.places = [];
    }
}
