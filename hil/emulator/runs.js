/**
 * The translated parts of a chip's code (translate.js). Runs that lead to each other form one WebAssembly function, a
 * region, and the regions call each other through a table. docs/emulator.md.
 *
 * A run is started only if all of it ends before the caller's limit. So time stands still meanwhile, and interrupts
 * come at the same instruction as without translation. A run made from SRAM first checks whether the SRAM still holds
 * the code that it was made from. It must not modify itself.
 */
import { addressOf, AT, placeOf, PLACES, STATE } from './layout.js';
import { FLASH, FLASH_BYTES, FLASH_PLACE, ROM_BYTES, SRAM, SRAM_BYTES, SRAM_PLACE } from './layout.js';
import { writeRun } from './translate.js';
import { LOCAL } from './translate_run.js';
import * as wasm from './wasm.js';
import { get, number } from './wasm.js';

/** A place is translated after this many jumps to it; the runs that it leads to after this many. */
export const VISITS = 250;
const VISITS_NEAR = 30;
/** V8's compile time grows faster than the size. With 1,200, lives of a minute lose more than they gain. */
const REGION_INSTRUCTIONS_MAX = 200;
/** Jump targets within this distance, in half words, belong to the same region: they may be reached by a jump table. */
const NEAR = 1500;
/** A slot holds region and run as (region << RUN_BITS | run) + 1; 0 if there is none. */
const RUN_BITS = 8;
const RUNS_MAX = 1 << RUN_BITS;

/** Where processor and translated code exchange the values that a region holds in local variables. */
const SHARED = [
    [LOCAL.NZ, STATE.NZ],
    [LOCAL.C, STATE.C],
    [LOCAL.V, STATE.V],
    [LOCAL.CYCLES, STATE.CYCLES],
    [LOCAL.INSTRUCTIONS, STATE.INSTRUCTIONS],
];
const slotAt = (place) => wasm.load(wasm.ACCESS.WORD, wasm.shiftLeft(place, number(2)), AT.SLOTS);
const placeIn = (offset, first) => wasm.plus(wasm.shiftRight(offset, number(1)), number(first));
const fromState = (local, at) => wasm.set(local, wasm.load(wasm.ACCESS.WORD, number(AT.STATE + at * 4), 0));
const toState = (local, at) => wasm.store(wasm.ACCESS.WORD, number(AT.STATE + at * 4), 0, get(local));

/**
 * Write the function of these runs. It takes the run to begin with and returns where they ended, odd if that
 * instruction is left to execute.js.
 */
function writeRegion(runs, region) {
    const places = new Map(runs.map((run, index) => [run.start, index]));
    // A branch gives the number of blocks to leave: a run's own loop (for runs that end where they began), then the
    // blocks of the following runs, the block that checks whether a computed jump stays here, the outer loop, and out.
    const exit = ({ to, value, odd, put }, outer, own, depth) => {
        const known = to === undefined ? undefined : places.get(to);
        if (known !== undefined && known === own) {
            return [...put, ...wasm.branch(depth)];
        }
        if (known !== undefined) {
            return [...put, ...wasm.set(LOCAL.ENTRY, number(known)), ...wasm.branch(depth + 2 + outer)];
        }
        const computed = to === undefined && odd === undefined;
        const where = value ?? number(to ?? odd);
        return [...put, ...wasm.set(LOCAL.ENTRY, where), ...wasm.branch(depth + (computed ? 1 : 3) + outer)];
    };
    const body = [];
    runs.forEach((run, own) => {
        const outer = runs.length - 1 - own;
        body.push(...wasm.END, ...wasm.LOOP);
        const tooLong = wasm.greater(wasm.plus(get(LOCAL.CYCLES), number(run.reach)), get(LOCAL.LIMIT));
        const stale = run.stale();
        const not = stale ? wasm.or(tooLong, stale) : tooLong;
        body.push(...wasm.when(not, exit({ odd: run.start | 1, put: [] }, outer, own, 1)));
        for (const part of run.code) {
            if (Array.isArray(part)) {
                body.push(...part);
            } else if (part.when) {
                body.push(...wasm.when(part.when, exit(part.exit, outer, own, 1 + (part.exit.nested ?? 0))));
            } else {
                body.push(...exit(part.exit, outer, own, 0));
            }
        }
        body.push(...wasm.END);
    });
    const used = new Set(runs.flatMap((run) => [...run.used]));
    const changed = new Set(runs.flatMap((run) => [...run.changed]));
    const register = (n) => number(AT.REGISTERS + n * 4);
    const load = (n) => wasm.set(LOCAL.R0 + n, wasm.load(wasm.ACCESS.WORD, register(n), 0));
    const store = (n) => wasm.store(wasm.ACCESS.WORD, register(n), 0, get(LOCAL.R0 + n));
    const bytes = [
        ...[...used].flatMap(load),
        ...SHARED.flatMap(([local, at]) => fromState(local, at)),
        ...fromState(LOCAL.LIMIT, STATE.LIMIT),
        ...wasm.BLOCK,
        ...wasm.LOOP,
        ...wasm.BLOCK,
        ...runs.flatMap(() => wasm.BLOCK),
        ...wasm.branchTable(get(LOCAL.ENTRY), [...runs.keys(), runs.length - 1]),
        ...body,
        ...wasm.END,
        ...wasm.set(LOCAL.KEPT, wasm.minus(get(LOCAL.ENTRY), number(FLASH))),
        ...wasm.when(wasm.below(get(LOCAL.KEPT), number(FLASH_BYTES)), [
            ...wasm.set(LOCAL.KEPT, wasm.minus(slotAt(placeIn(get(LOCAL.KEPT), FLASH_PLACE)), number(1))),
            ...wasm.when(wasm.equal(wasm.shiftRight(get(LOCAL.KEPT), number(RUN_BITS)), number(region)), [
                ...wasm.set(LOCAL.ENTRY, wasm.and(get(LOCAL.KEPT), number(RUNS_MAX - 1))),
                ...wasm.branch(2),
            ]),
        ]),
        ...wasm.END,
        ...wasm.END,
        ...[...changed].flatMap(store),
        ...SHARED.flatMap(([local, at]) => toState(local, at)),
        ...get(LOCAL.ENTRY),
    ];
    return wasm.moduleOf(LOCAL.KEPT + Math.max(1, ...runs.map((run) => run.kept)) - 1, bytes);
}

/**
 * Write the function that runs region after region while there are any and time is left. It takes the start, and
 * returns as regions do.
 */
function writeFollow() {
    const [pc, place, slot] = [0, 1, 2];
    const inMemory = (start, bytes, first, other) =>
        wasm.either(
            wasm.below(wasm.minus(get(pc), number(start)), number(bytes)),
            wasm.set(place, placeIn(wasm.minus(get(pc), number(start)), first)),
            other,
        );
    const inRom = inMemory(0, ROM_BYTES, 0, [...get(pc), ...wasm.RETURN]);
    return wasm.moduleOf(2, [
        ...wasm.LOOP,
        ...inMemory(FLASH, FLASH_BYTES, FLASH_PLACE, inMemory(SRAM, SRAM_BYTES, SRAM_PLACE, inRom)),
        ...wasm.set(slot, slotAt(get(place))),
        ...wasm.when(wasm.not(get(slot)), [...get(pc), ...wasm.RETURN]),
        ...wasm.set(slot, wasm.minus(get(slot), number(1))),
        ...wasm.set(
            pc,
            wasm.callIndirect(
                wasm.TYPE.ONE_TO_ONE,
                wasm.shiftRight(get(slot), number(RUN_BITS)),
                wasm.and(get(slot), number(RUNS_MAX - 1)),
            ),
        ),
        ...wasm.when(wasm.and(get(pc), number(1)), [...get(pc), ...wasm.RETURN]),
        ...wasm.branch(0),
        ...wasm.END,
        ...get(pc),
    ]);
}

/** The translated code of a machine. */
export class Runs {
    /** Jumps of any chip before anything is translated: a life of two busy seconds ends sooner without translation. */
    static jumpsLeft = 10_000_000;

    /** @param {import('./memory.js').Memory} memory */
    constructor(memory) {
        this.slots = memory.slots;
        this.visits = new Uint8Array(PLACES);
        this.table = new WebAssembly.Table({ element: 'anyfunc', initial: 64 });
        /** The chip's SIO, which has the divider. */
        this.sio = null;
        this.imports = {
            env: {
                memory: memory.wasm,
                table: this.table,
                read: (offset) => this.sio.readUint32(offset),
                write: (offset, value) => this.sio.writeUint32(offset, value >>> 0),
            },
        };
        /** Run translated code from an address on. @type {(pc: number) => number} */
        this.follow = this.made(writeFollow());
        this.regions = 0;
        this.fetch = (at) => {
            const place = placeOf(at);
            if (place >= SRAM_PLACE) {
                return memory.sram16[place - SRAM_PLACE];
            }
            return place < 0 ? -1 : place < FLASH_PLACE ? memory.rom16[place] : memory.flash16[place - FLASH_PLACE];
        };
    }

    made(bytes) {
        return new WebAssembly.Instance(new WebAssembly.Module(bytes), this.imports).exports.run;
    }

    /** Note a jump to this place, where there is no run yet. */
    visit(place) {
        if (Runs.jumpsLeft > 0) {
            Runs.jumpsLeft--;
            return;
        }
        if (this.visits[place] === VISITS || ++this.visits[place] < VISITS) {
            return;
        }
        const runs = this.region(place);
        if (runs.length) {
            const region = this.regions++;
            if (this.table.length <= region) {
                this.table.grow(64);
            }
            this.table.set(region, this.made(writeRegion(runs, region)));
            runs.forEach((run, index) => {
                const at = placeOf(run.start);
                this.slots[at] ||= ((region << RUN_BITS) | index) + 1;
            });
        }
    }

    /**
     * Build the region of the run at this place, the runs that it leads to, and nearby runs with enough jumps to them.
     */
    region(place) {
        const runs = [];
        const seen = new Set();
        const next = [addressOf(place)];
        const near = this.near(place);
        let instructions = 0;
        while (next.length + near.length && runs.length < RUNS_MAX && instructions < REGION_INSTRUCTIONS_MAX) {
            const start = next.shift() ?? near.shift();
            const run = seen.has(start) ? null : writeRun(this.fetch, start);
            seen.add(start);
            if (!run) {
                continue;
            }
            runs.push(run);
            instructions += run.instructions;
            for (const { exit } of run.code) {
                const to = exit?.to === undefined ? -1 : placeOf(exit.to);
                if (to >= 0 && (this.visits[to] >= VISITS_NEAR || this.slots[to])) {
                    next.push(exit.to);
                }
            }
        }
        return runs;
    }

    /** Return the addresses that belong to no region yet, the nearest first. */
    near(place) {
        const found = [];
        for (let at = Math.max(0, place - NEAR); at < Math.min(PLACES, place + NEAR); at++) {
            if (this.visits[at] >= VISITS_NEAR && !this.slots[at]) {
                found.push(at);
            }
        }
        return found.sort((a, b) => Math.abs(a - place) - Math.abs(b - place)).map(addressOf);
    }

    /** Drop everything: the flash has changed. */
    forget() {
        if (this.regions) {
            this.slots.fill(0);
            this.visits.fill(0);
            this.regions = 0;
        }
    }
}
