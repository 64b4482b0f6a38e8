/**
 * One RP2040 from one reset to the next: rp2040js with its defects cured. A reset makes a new one (machine.js).
 *
 * Cures here: `reset()` wipes the flash (here the flash is passed on to the new chip); the ADC's round-robin setter is
 * wrong; ROSC and the chip-reset block are missing; accesses outside the memory map go unnoticed.
 */
import { RP2040 } from './rp2040js.js';
import { Clock } from './clock.js';
import { Cortex } from './cortex.js';
import { FlashController } from './flash.js';
import { Timer } from './timer.js';
import { Uart } from './uart.js';
import { Watchdog } from './watchdog.js';
import { Registers, Rosc, VoltageRegulator, XipControl } from './small.js';
import { cureAdc } from './adc.js';
import { cureDma } from './dma.js';
import { cureI2c } from './i2c.js';
import { curePio } from './pio.js';

const UART_DREQ = [
    { tx: 20, rx: 21 },
    { tx: 22, rx: 23 },
];
const UART_IRQ = [20, 21];

class Messages {
    /** Passes on the messages of rp2040js, each text once. @param {(text: string) => void} say */
    constructor(say) {
        this.say = say;
        this.seen = new Set();
    }

    note(level, component, message) {
        const text = `${level} ${component}: ${message}`;
        if (!this.seen.has(text) && this.seen.size < 200) {
            this.seen.add(text);
            this.say(text);
        }
    }

    debug() {}

    info() {}

    warn(component, message) {
        this.note('warning', component, message);
    }

    error(component, message) {
        this.note('error', component, message);
    }
}

export class Chip extends RP2040 {
    /**
     * @param {object} options
     * @param {import('./memory.js').Memory} options.memory whose flash outlives resets
     * @param {Uint8Array} options.bootrom
     * @param {Uint8Array} options.sram what SRAM holds when power comes or the watchdog bites
     * @param {object} options.flashTiming
     * @param {(text: string) => void} options.say
     */
    constructor({ memory, bootrom, sram, flashTiming, say }) {
        super(new Clock());
        this.logger = new Messages(say);
        this.memory = memory;
        this.flash = memory.flash;
        this.flash16 = memory.flash16;
        this.flashView = memory.flashView;
        this.sram = memory.sram;
        this.sramView = memory.sramView;
        this.sram.set(sram);
        this.bootrom = memory.rom32;
        memory.rom.set(bootrom);
        memory.runs.sio = this.sio;

        this.core = new Cortex(this, this.clock, memory);
        this.timer = this.peripherals[0x40054] = new Timer(this, 'TIMER');
        this.watchdog = this.peripherals[0x40058] = new Watchdog(this, 'WATCHDOG');
        this.peripherals[0x40018] = new Registers(this, 'IO_QSPI');
        this.peripherals[0x40060] = new Rosc(this, 'ROSC');
        this.chipReset = this.peripherals[0x40064] = new VoltageRegulator(this, 'VREG_AND_CHIP_RESET');
        this.peripherals[0x14000] = new XipControl(this, 'XIP_CTRL');
        this.flashController = this.peripherals[0x40070] = new FlashController(this, 'FLASH', flashTiming);
        this.flashController.watchSsi(this.peripherals[0x18000]);
        this.uart = UART_IRQ.map((irq, index) => new Uart(this, `UART${index}`, irq, UART_DREQ[index]));
        this.peripherals[0x40034] = this.uart[0];
        this.peripherals[0x40038] = this.uart[1];
        cureAdc(this.adc);
        cureDma(this.dma);
        this.i2c.forEach(cureI2c);
        this.pio.forEach(curePio);
        this.pwm.reset();
        this.core.reset();
    }

    /** rp2040js calls this during construction, and would wipe the flash. */
    reset() {}

    /** @param {number} address @returns {boolean} whether anything responds there */
    isMapped(address) {
        const region = address >>> 28;
        if (region === 13 || (address >= 0xe000e000 && address < 0xe000f000)) {
            return true;
        }
        if (address < 0x4000 || (address >= 0x10000000 && address < 0x14000000)) {
            return true;
        }
        if (address >= 0x20000000 && address < 0x20042000) {
            return true;
        }
        return (address >= 0x50100000 && address < 0x50101000) || this.findPeripheral(address) !== undefined;
    }

    readUint32(address) {
        const at = address >>> 0;
        if (at >>> 26 === 4) {
            this.flashController.checkRead(at);
        }
        return super.readUint32(at);
    }

    readUint16(address) {
        if (address >>> 26 === 4) {
            this.flashController.checkRead(address);
        }
        return super.readUint16(address);
    }

    readUint8(address) {
        if (address >>> 26 === 4) {
            this.flashController.checkRead(address);
        }
        return super.readUint8(address);
    }
}
