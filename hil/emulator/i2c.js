/**
 * The I2C bus: devices of the board as slaves, bytes at the speed of the bus.
 *
 * Cures: rp2040js leaves the bus to its user and takes no time. After a NACK it does not raise TX_EMPTY, so the SDK
 * sees the abort only in the next transfer. The mask of its interrupts cannot be written.
 *
 * A device that holds the data line low (`i2c.held`) keeps the bus busy: a transfer waits for ever for its start.
 *
 * A device is `{ address, start(read), write(byte): ack, read(): byte, stop() }`; its effects happen at the
 * acknowledge.
 */
import { I2CMode } from './rp2040js.js';

const TX_EMPTY = 1 << 4;
const ABORTED = 1 << 6;
const BITS_PER_BYTE = 9;
const INTR_MASK = 0x30;
const ENABLE = 0x6c;
const STATE_IDLE = 0; // of rp2040js' I2CState
const STATE_START = 1;

/** @param {import('./rp2040js.js').RPI2C} i2c */
export function cureI2c(i2c) {
    const { clock } = i2c.rp2040;
    /** @type {Map<number, object>} by 7-bit address */
    i2c.devices = new Map();
    const write = i2c.writeUint32.bind(i2c);
    i2c.writeUint32 = (offset, value) => {
        if (offset === INTR_MASK) {
            i2c.intEnable = value;
            i2c.checkInterrupts();
        } else {
            if (offset === ENABLE && !(value & 1) && i2c.state === STATE_START) {
                i2c.state = STATE_IDLE; // a start that never came
                i2c.busy = false;
            }
            write(offset, value);
        }
    };
    let device = null;
    let then = () => {};
    const alarm = clock.createAlarm(() => then());
    const after = (bits, action) => {
        const bitNanos = ((i2c.sclHighPeriod + i2c.sclLowPeriod) * 1e9) / i2c.rp2040.clkSys;
        then = action;
        alarm.schedule(bits * bitNanos);
    };
    /** A byte handed to the bus has not left yet, so TX_EMPTY must not be set. */
    const notEmptyYet = () => {
        i2c.intRaw &= ~TX_EMPTY;
        i2c.checkInterrupts();
    };
    let writing = false;
    const next = i2c.nextCommand.bind(i2c);
    i2c.nextCommand = () => {
        next();
        if (writing) {
            notEmptyYet();
        }
    };
    const raiseEmpty = () => {
        if (i2c.txFIFO.itemCount <= i2c.txThreshold) {
            i2c.setInterrupts(TX_EMPTY);
        }
    };
    const aborted = () => {
        if (i2c.intRaw & ABORTED) {
            i2c.setInterrupts(TX_EMPTY);
        }
    };

    /** True if a device holds the data line low. */
    i2c.held = () => false;
    i2c.onStart = () => {
        if (!i2c.held()) {
            after(1, () => i2c.completeStart());
        }
    };
    i2c.onConnect = (address, mode) => {
        writing = true;
        after(BITS_PER_BYTE, () => {
            writing = false;
            device = i2c.devices.get(address) ?? null;
            device?.start(mode === I2CMode.Read);
            i2c.completeConnect(device !== null);
            aborted();
        });
    };
    i2c.onWriteByte = (byte) => {
        writing = true;
        after(BITS_PER_BYTE, () => {
            writing = false;
            const acknowledged = device !== null && device.write(byte);
            raiseEmpty();
            i2c.completeWrite(acknowledged);
            aborted();
        });
    };
    i2c.onReadByte = () => after(BITS_PER_BYTE, () => i2c.completeRead(device ? device.read() : 0xff));
    i2c.onStop = () =>
        after(1, () => {
            device?.stop();
            device = null;
            i2c.completeStop();
        });
}
