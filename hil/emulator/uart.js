/**
 * A PL011 UART at true line rate.
 *
 * Cures: in rp2040js the transmit interrupt is asserted for ever (a REPL on a UART hangs in it), transmission takes no
 * time, and receive levels, time-out, overrun and the receiver's DMA requests do not exist. Here both FIFOs are 32
 * deep, bytes take ten bit times by the divisor, and a byte that finds the receive FIFO full is lost and counted.
 *
 * Not modelled: parity, flow control, break, sampling errors below the tolerance.
 */
import { BasePeripheral, FIFO } from './rp2040js.js';

const DR = 0x00;
const RSR = 0x04;
const FR = 0x18;
const IBRD = 0x24;
const FBRD = 0x28;
const LCR_H = 0x2c;
const CR = 0x30;
const IFLS = 0x34;
const IMSC = 0x38;
const RIS = 0x3c;
const MIS = 0x40;
const ICR = 0x44;
const DMACR = 0x48;
const PERIPHID0 = 0xfe0;
const IDENTITY = [0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1];

const FR_TXFE = 1 << 7;
const FR_RXFF = 1 << 6;
const FR_TXFF = 1 << 5;
const FR_RXFE = 1 << 4;
const FR_BUSY = 1 << 3;
const LCR_FEN = 1 << 4;
const CR_RXE = 1 << 9;
const CR_TXE = 1 << 8;
const CR_ENABLE = 1;
const INT_OVERRUN = 1 << 10;
const INT_TIMEOUT = 1 << 6;
const INT_TX = 1 << 5;
const INT_RX = 1 << 4;
const DMA_TX = 2;
const DMA_RX = 1;
const FIFO_BYTES = 32;
const TIMEOUT_BITS = 32;
const FRAME_BITS = 10;
const BAUD_TOLERANCE = 0.03;
const LEVELS = [1 / 8, 1 / 4, 1 / 2, 3 / 4, 7 / 8];

export class Uart extends BasePeripheral {
    constructor(rp2040, name, irq, dreq) {
        super(rp2040, name);
        this.irq = irq;
        this.dreq = dreq;
        this.tx = new FIFO(FIFO_BYTES);
        this.rx = new FIFO(FIFO_BYTES);
        this.control = CR_RXE | CR_TXE;
        this.line = 0;
        this.ifls = 0x12;
        this.mask = 0;
        this.raw = 0;
        this.dmaControl = 0;
        this.divisorInt = 0;
        this.divisorFraction = 0;
        this.shifting = -1;
        this.overruns = 0;
        this.wrongBaud = 0;
        this.received = 0;
        /** @type {(byte: number) => void} called when a byte's stop bit is over */
        this.onByte = () => {};
        this.txAlarm = rp2040.clock.createAlarm(() => this.shiftedOut());
        this.timeout = rp2040.clock.createAlarm(() => this.timedOut());
    }

    /** rp2040js calls this. The divisor is read for each byte anyway. */
    clkPeriChanged() {}

    get enabled() {
        return (this.control & CR_ENABLE) !== 0;
    }

    get depth() {
        return this.line & LCR_FEN ? FIFO_BYTES : 1;
    }

    get bitNanos() {
        const divisor = this.divisorInt + this.divisorFraction / 64;
        return (16 * divisor * 1e9) / this.rp2040.clkPeri;
    }

    get rxTrigger() {
        return this.depth === 1 ? 1 : FIFO_BYTES * LEVELS[(this.ifls >> 3) & 7];
    }

    get txTrigger() {
        return this.depth === 1 ? 0 : FIFO_BYTES * LEVELS[this.ifls & 7];
    }

    update() {
        const { dma } = this.rp2040;
        this.rp2040.setInterrupt(this.irq, (this.raw & this.mask) !== 0);
        this.request(dma, this.dreq.rx, this.dmaControl & DMA_RX && !this.rx.empty);
        this.request(dma, this.dreq.tx, this.dmaControl & DMA_TX && this.tx.itemCount < this.depth);
    }

    request(dma, channel, wanted) {
        if (wanted) {
            dma.setDREQ(channel);
        } else {
            dma.clearDREQ(channel);
        }
    }

    /** Receive a byte whose stop bit has ended. @param {number} byte @param {number} baud the sender's */
    feed(byte, baud) {
        if (!this.enabled || !(this.control & CR_RXE)) {
            return;
        }
        this.received++;
        if (Math.abs(1e9 / this.bitNanos / baud - 1) > BAUD_TOLERANCE) {
            this.wrongBaud++;
            byte ^= 0xa5;
        }
        if (this.rx.itemCount >= this.depth) {
            this.overruns++;
            this.raw |= INT_OVERRUN;
        } else {
            this.rx.push(byte);
            if (this.rx.itemCount >= this.rxTrigger) {
                this.raw |= INT_RX;
            }
        }
        this.timeout.schedule(TIMEOUT_BITS * this.bitNanos);
        this.update();
    }

    timedOut() {
        if (!this.rx.empty) {
            this.raw |= INT_TIMEOUT;
            this.update();
        }
    }

    take() {
        const byte = this.rx.pull();
        if (this.rx.itemCount < this.rxTrigger) {
            this.raw &= ~INT_RX;
        }
        if (this.rx.empty) {
            this.raw &= ~INT_TIMEOUT;
            this.timeout.cancel();
        } else {
            this.timeout.schedule(TIMEOUT_BITS * this.bitNanos);
        }
        this.update();
        return byte;
    }

    put(byte) {
        if (this.tx.itemCount < this.depth) {
            this.tx.push(byte);
        }
        this.startShifting();
        if (this.tx.itemCount > this.txTrigger) {
            this.raw &= ~INT_TX;
        }
        this.update();
    }

    startShifting() {
        if (this.shifting < 0 && !this.tx.empty && this.enabled && this.control & CR_TXE) {
            const before = this.tx.itemCount;
            this.shifting = this.tx.pull();
            this.txAlarm.schedule(FRAME_BITS * this.bitNanos);
            // The interrupt comes when the level is crossed, not while it is below.
            if (before > this.txTrigger && this.tx.itemCount <= this.txTrigger) {
                this.raw |= INT_TX;
            }
        }
    }

    shiftedOut() {
        const byte = this.shifting;
        this.shifting = -1;
        this.startShifting();
        if (this.depth === 1 && this.shifting < 0) {
            this.raw |= INT_TX;
        }
        this.update();
        this.onByte(byte);
    }

    readUint32(offset) {
        switch (offset) {
            case DR:
                return this.take();
            case RSR:
                return this.raw & INT_OVERRUN ? 8 : 0;
            case FR:
                return (
                    (this.tx.empty ? FR_TXFE : 0) |
                    (this.tx.itemCount >= this.depth ? FR_TXFF : 0) |
                    (this.rx.itemCount >= this.depth ? FR_RXFF : 0) |
                    (this.rx.empty ? FR_RXFE : 0) |
                    (this.shifting >= 0 ? FR_BUSY : 0)
                );
            case IBRD:
                return this.divisorInt;
            case FBRD:
                return this.divisorFraction;
            case LCR_H:
                return this.line;
            case CR:
                return this.control;
            case IFLS:
                return this.ifls;
            case IMSC:
                return this.mask;
            case RIS:
                return this.raw;
            case MIS:
                return this.raw & this.mask;
            case DMACR:
                return this.dmaControl;
        }
        return offset >= PERIPHID0 ? IDENTITY[(offset - PERIPHID0) >> 2] : 0;
    }

    writeUint32(offset, value) {
        switch (offset) {
            case DR:
                this.put(value & 0xff);
                return;
            case RSR:
                this.raw &= ~INT_OVERRUN;
                break;
            case IBRD:
                this.divisorInt = value & 0xffff;
                break;
            case FBRD:
                this.divisorFraction = value & 0x3f;
                break;
            case LCR_H:
                this.line = value;
                break;
            case CR:
                this.control = value;
                this.startShifting();
                break;
            case IFLS:
                this.ifls = value;
                break;
            case IMSC:
                this.mask = value & 0x7ff;
                break;
            case ICR:
                this.raw &= ~this.rawWriteValue;
                break;
            case DMACR:
                this.dmaControl = value;
                break;
        }
        this.update();
    }
}
