/**
 * A serial line between the board and the bench. Bytes reach the UART as their stop bits end, at the line's own rate.
 * Bytes that the UART sends are gathered into pieces, each with the time of its last stop bit.
 *
 * A piece ends with a zero byte (the end of a frame on the programmer link), with a pause, or when it is long.
 */
const BAUD = 115200;
const BYTE_NANOS = (10 * 1e9) / BAUD;
const PAUSE_NANOS = 2 * BYTE_NANOS;
const PIECE_BYTES_MAX = 256;
const ARRIVED_MAX = 4096;

export class Line {
    /** @param {import('./machine.js').Machine} machine @param {number} index of the UART */
    constructor(machine, index) {
        this.machine = machine;
        this.index = index;
        this.toBoard = []; // [nanos, byte], in order; those before `next` have arrived
        this.next = 0;
        this.freeNanos = 0;
        this.lost = 0;
        this.open = [];
        this.lastNanos = 0;
        /** @type {{nanos: number, bytes: number[]}[]} */
        this.pieces = [];
    }

    attach(chip) {
        this.chip = chip;
        this.uart = chip.uart[this.index];
        this.arrival = chip.clock.createAlarm(() => this.arrive());
        this.pause = chip.clock.createAlarm(() => this.closePiece());
        this.uart.onByte = (byte) => this.fromBoard(byte);
        this.expect();
    }

    /** The chip is gone. Bytes in flight still arrive at the chip that is there then. */
    detach() {
        this.closePiece();
        this.uart = null;
    }

    /** @param {number} startNanos when to start sending, if the line is free then @param {Uint8Array} bytes */
    send(startNanos, bytes) {
        this.freeNanos = Math.max(this.freeNanos, startNanos);
        for (const byte of bytes) {
            this.freeNanos += BYTE_NANOS;
            this.toBoard.push([this.freeNanos, byte]);
        }
        this.expect();
    }

    expect() {
        if (this.uart && this.next < this.toBoard.length && !this.arrival.scheduled) {
            this.arrival.scheduleAt(Math.max(Math.round(this.toBoard[this.next][0]) - this.machine.offsetNanos, 0));
        }
    }

    arrive() {
        const [, byte] = this.toBoard[this.next++];
        if (this.next === ARRIVED_MAX) {
            this.toBoard.splice(0, this.next); // not one by one: the queue may be long
            this.next = 0;
        }
        this.uart.feed(byte, BAUD);
        this.expect();
    }

    fromBoard(byte) {
        this.lastNanos = this.machine.nowNanos;
        this.open.push(byte);
        this.pause.schedule(PAUSE_NANOS);
        if (byte === 0 || this.open.length >= PIECE_BYTES_MAX) {
            this.closePiece();
        }
    }

    closePiece() {
        this.pause.cancel();
        if (this.open.length) {
            this.pieces.push({ nanos: this.lastNanos, bytes: this.open });
            this.open = [];
            this.machine.stopFor(`uart${this.index}`);
        }
    }

    takePieces() {
        const { pieces } = this;
        this.pieces = [];
        return pieces;
    }
}
