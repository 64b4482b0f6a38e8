/**
 * What is translated of a chip's code (translate.js): runs that lead to each other are one WebAssembly function, a region,
 * and the regions call each other through a table. docs/emulator.md.
 *
 * A run is begun only where all of it ends before the caller's limit, so time stands still meanwhile, and interrupts come
 * at the same instruction as without translation. One made from SRAM first looks whether that still holds what it was made
 * from; it must not change itself.
 */
import { addressOf, AT, placeOf, PLACES, STATE } from './layout.js';
import { FLASH, FLASH_BYTES, FLASH_PLACE, ROM_BYTES, SRAM, SRAM_BYTES, SRAM_PLACE } from './layout.js';
import { LOCAL, writeRun } from './translate.js';
import * as wasm from './wasm.js';
import { get, number } from './wasm.js';

/** A place is translated when it has been jumped to so often; runs that lead on from it, when so often. */
export const VISITS = 250;
const VISITS_NEAR = 30;
/** V8's compiler takes longer than in proportion: with 1,200 it costs lives of a minute more than it saves them. */
const REGION_INSTRUCTIONS_MAX = 200;
/** Places so near, in half words, that have been jumped to belong to the same region: a table of jumps leads to them. */
const NEAR = 1500;
/** A slot holds region and run as (region << RUN_BITS | run) + 1; 0 if there is none. */
const RUN_BITS = 8;
const RUNS_MAX = 1 << RUN_BITS;

/** Where processor and translated code leave for each other what a region holds in local variables. */
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

/** The function of these runs: takes which of them to begin with, returns where they ended, odd if that is execute.js'. */
function writeRegion(runs, region) {
    const places = new Map(runs.map((run, index) => [run.start, index]));
    // A branch says how many blocks out it leads: a run's own loop (for those that end where they began), then the blocks
    // of the runs that follow, the one where a computed jump looks whether it stays here, the loop of all, and out.
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

/** Region after region, as long as there are some and the time is enough: takes where to begin, returns as these do. */
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
    /** Jumps of any chip before anything is translated: a life of two busy seconds is sooner over without. */
    static jumpsLeft = 10_000_000;

    /** @param {import('./memory.js').Memory} memory */
    constructor(memory) {
        this.slots = memory.slots;
        this.visits = new Uint8Array(PLACES);
        this.table = new WebAssembly.Table({ element: 'anyfunc', initial: 64 });
        /** The chip's, which has the divider. */
        this.sio = null;
        this.imports = {
            env: {
                memory: memory.wasm,
                table: this.table,
                read: (offset) => this.sio.readUint32(offset),
                write: (offset, value) => this.sio.writeUint32(offset, value >>> 0),
            },
        };
        /** From an address on, where there is something translated. @type {(pc: number) => number} */
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

    /** Somebody has jumped to this place, where no run is yet. */
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

    /** The run at this place, those which it leads to, and those near it, which somebody has jumped to often enough. */
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

    /** Addresses that belong to no region yet, the nearest first. */
    near(place) {
        const found = [];
        for (let at = Math.max(0, place - NEAR); at < Math.min(PLACES, place + NEAR); at++) {
            if (this.visits[at] >= VISITS_NEAR && !this.slots[at]) {
                found.push(at);
            }
        }
        return found.sort((a, b) => Math.abs(a - place) - Math.abs(b - place)).map(addressOf);
    }

    /** The flash has changed. */
    forget() {
        if (this.regions) {
            this.slots.fill(0);
            this.visits.fill(0);
            this.regions = 0;
        }
    }
}
