/**
 * The bench link of the emulated Pico: JSON, one object a line, over two pipes, in emulated nanoseconds.
 *
 * The bench gives orders (`run`, `send`, `power_off`, `power_on`, `info`, `read`, `write`, `show`, `quit`), and the emulator
 * answers when it is done. While it runs, it blocks and asks for what only the plant knows: the ADC's value (`sense`),
 * and when the stroke sensor will answer a burst (`burst`). So the two take turns, and the speed of the machine has no
 * effect.
 */
import { readSync, writeSync } from 'node:fs';

const READ_BYTES = 65536;

/** Lines over a pair of file descriptors. */
class Pipe {
    constructor(inFd, outFd) {
        this.inFd = inFd;
        this.outFd = outFd;
        this.buffer = Buffer.alloc(READ_BYTES);
        this.text = '';
    }

    send(message) {
        const bytes = Buffer.from(JSON.stringify(message) + '\n');
        let done = 0;
        while (done < bytes.length) {
            done += writeSync(this.outFd, bytes, done);
        }
    }

    /** @returns {object | null} null when the bench is gone */
    receive() {
        let end = this.text.indexOf('\n');
        while (end < 0) {
            const count = readSync(this.inFd, this.buffer, 0, READ_BYTES, null);
            if (count === 0) {
                return null;
            }
            this.text += this.buffer.toString('latin1', 0, count);
            end = this.text.indexOf('\n');
        }
        const line = this.text.slice(0, end);
        this.text = this.text.slice(end + 1);
        return JSON.parse(line);
    }
}

/** The bench as the machine sees it. */
export class Bench {
    constructor(inFd, outFd) {
        this.pipe = new Pipe(inFd, outFd);
    }

    ask(question) {
        this.pipe.send(question);
        const answer = this.pipe.receive();
        if (answer === null) {
            process.exit(3); // the bench is gone
        }
        return answer;
    }

    sense(channel, nanos) {
        return this.ask({ ask: 'sense', pin: channel, now: nanos }).counts;
    }

    burst({ edges, direction }) {
        return this.ask({ ask: 'burst', edges, direction }).edge;
    }
}

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const unhex = (text) => Uint8Array.from(Buffer.from(text, 'hex'));

/** The orders of the bench, by name. */
const ORDERS = {
    run(machine, { until, stop }) {
        const reason = machine.run(until, stop);
        const pieces = machine.lines.flatMap((line) =>
            line.takePieces().map(({ nanos, bytes }) => [line.index, nanos, hex(bytes)]),
        );
        return { done: reason, now: machine.nowNanos, pieces, moving: machine.motor.edges[0] ?? 0 };
    },

    send(machine, { line, at, data }) {
        machine.lines[line].send(at, unhex(data));
        return {};
    },

    power_off(machine) {
        machine.powerOff();
        return { now: machine.nowNanos };
    },

    power_on(machine) {
        machine.powerOn();
        return {};
    },

    info(machine) {
        return information(machine);
    },

    /** Read bytes of a memory: sram, flash, fram. */
    read(machine, { memory, at, count }) {
        return { data: hex(memoryOf(machine, memory).subarray(at, at + count)) };
    },

    write(machine, { memory, at, data }) {
        memoryOf(machine, memory).set(unhex(data), at);
        if (memory === 'flash') {
            machine.memory.runs.forget();
        }
        return {};
    },

    /** Make a device of the board's I2C bus stop answering, or answer again. */
    part(machine, { address, present }) {
        if (present) {
            machine.absent.delete(address);
        } else {
            machine.absent.add(address);
        }
        machine.plug();
        return {};
    },

    /** Show presence at the device, or end it. Lasts through resets and power cuts. */
    show(machine, { presence }) {
        machine.show(presence);
        return {};
    },

    /** Make a device hold the data line of the I2C bus low until it has seen `clocks` clocks. */
    hold_bus(machine, { clocks }) {
        machine.i2cLines.hold(clocks);
        return {};
    },

    /** Find the lowest byte of SRAM from `from` up that was ever written; below it SRAM has its power-up contents. */
    touched(machine, { from, to }) {
        const { sramAtPower } = machine;
        const { sram } = machine.memory;
        let at = from;
        while (at < to && sram[at] === sramAtPower[at]) {
            at++;
        }
        return { at };
    },
};

function memoryOf(machine, name) {
    return { sram: machine.memory.sram, flash: machine.memory.flash, fram: machine.fram.bytes }[name];
}

export function information(machine) {
    const { chip, past, motor } = machine;
    const { core, flashController, uart } = chip;
    return {
        resets: machine.resets,
        ready: machine.readyNanos,
        now: machine.nowNanos,
        instructions: past.instructions + core.instructions,
        sleep: past.sleepNanos + core.sleepNanos,
        faults: [...past.faults, ...core.faults],
        violations: [...past.violations, ...flashController.violations],
        violation_count: past.violationCount + flashController.violationCount,
        erases: past.erases + flashController.erases,
        programs: past.programs + flashController.programs,
        flash_busy: flashController.busy,
        steps: motor.steps,
        idle_steps: motor.idleSteps,
        tones: machine.tones,
        pio_instructions: chip.pio.flatMap((pio) => pio.paces).reduce((sum, pace) => sum + pace.instructions, 0),
        overruns: uart.map((each) => each.overruns),
        received: uart.map((each) => each.received),
        wrong_baud: uart.map((each) => each.wrongBaud),
        fram_writes: machine.fram.writes,
        bus_clocks: machine.i2cLines.clocks,
        bus_stops: machine.i2cLines.stops,
        bus_held: machine.i2cLines.clocksLeft,
        clk_sys: chip.clkSys,
        registers: Array.from(core.registers),
        waiting: core.waiting,
    };
}

/** Serve the bench until it says quit or is gone. `orders` maps each order's name to its function. */
export function serve(machine, bench, orders = ORDERS) {
    const { pipe } = bench;
    for (;;) {
        const order = pipe.receive();
        if (order === null || order.do === 'quit') {
            return;
        }
        let answer;
        try {
            answer = orders[order.do](machine, order);
        } catch (error) {
            answer = { error: error.message, where: error.stack };
        }
        pipe.send(answer);
    }
}
