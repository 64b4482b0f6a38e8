/**
 * Accesses of instructions beyond plain memory: devices, ROM, other views of the flash, special registers, and faults.
 *
 * Cures: rp2040js lets unaligned and unmapped accesses pass with a log message. Here they are HardFaults, and recorded.
 */
import { FLASH, SRAM, SRAM_BYTES } from './layout.js';
import { CortexM0Core } from './rp2040js.js';

const EXC_NMI = 2;
const EXC_HARDFAULT = 3;
const FLASH_END = 0x14000000;
const NOP = 0xbf00;
const FAULTS_KEPT = 100;

export class Bus extends CortexM0Core {
    /** @param {import('./rp2040js.js').RP2040} chip */
    constructor(chip) {
        super(chip);
        /** @type {string[]} events that would be a HardFault or worse on silicon */
        this.faults = [];
        this.pendingFault = false;
        /** Where it is: its frame returns to the instruction itself (ARM DDI 0419, B1.5.6). */
        this.faultPc = 0;
        /** Set by the flash controller while the flash cannot be read. */
        this.xipOff = false;
    }

    /** Raise what is a HardFault on silicon. @param {string} what */
    fault(what) {
        const text = `${what} at pc ${(this.PC >>> 0).toString(16)}, lr ${(this.LR >>> 0).toString(16)}`;
        this.faults.push(text);
        if (this.IPSR === EXC_HARDFAULT || this.IPSR === EXC_NMI || this.faults.length > FAULTS_KEPT) {
            throw new Error(`lockup: ${text}`);
        }
        this.pendingFault = true;
        this.faultPc = this.PC;
    }

    /** MRS, MSR and the barriers. */
    executeSystem(first, second) {
        if (first === 0xf3ef && second >> 12 === 8) {
            this.registers[(second >> 8) & 15] = this.readSpecialRegister(second & 255);
        } else if (first >> 4 === 0xf38 && second >> 8 === 0x88) {
            this.writeSpecialRegister(second & 255, this.registers[first & 15]);
        } else if (first !== 0xf3bf) {
            this.fault(`undefined instruction ${first.toString(16)} ${second.toString(16)}`);
        }
    }

    /** Fetch an instruction from outside SRAM, ROM and the plain view of the flash. */
    fetch(address) {
        const from = address >>> 0;
        if (from >= SRAM && from - SRAM < SRAM_BYTES) {
            return this.rp2040.memory.sram16[(from - SRAM) >> 1];
        }
        if (from >= FLASH && from < FLASH_END) {
            if (this.xipOff) {
                this.rp2040.flashController.violation('fetch', from);
            }
            return this.rp2040.flash16[(from & 0xffffff) >> 1];
        }
        this.fault(`fetch from ${from.toString(16)}`);
        return NOP;
    }

    /** Load from outside plain memory. @param {number} access 1 … 5, see plain_memory.js */
    load(address, access) {
        const { rp2040 } = this;
        if ((access === 1 && address & 3) || ((access === 2 || access === 4) && address & 1)) {
            this.fault(`unaligned load from ${address.toString(16)}`);
            return 0;
        }
        if (!rp2040.isMapped(address)) {
            this.fault(`load from ${address.toString(16)}`);
            return 0;
        }
        switch (access) {
            case 1:
                return rp2040.readUint32(address);
            case 2:
                return rp2040.readUint16(address);
            case 3:
                return rp2040.readUint8(address);
            case 4:
                return (rp2040.readUint16(address) << 16) >> 16;
            default:
                return (rp2040.readUint8(address) << 24) >> 24;
        }
    }

    /** Store outside plain memory. @param {number} access 6 … 8, see plain_memory.js */
    store(address, access, value) {
        const { rp2040 } = this;
        if ((access === 6 && address & 3) || (access === 7 && address & 1)) {
            this.fault(`unaligned store to ${address.toString(16)}`);
        } else if (!rp2040.isMapped(address) || address < FLASH_END) {
            this.fault(`store to ${address.toString(16)}`);
        } else if (access === 6) {
            rp2040.writeUint32(address, value >>> 0);
        } else if (access === 7) {
            rp2040.writeUint16(address, value & 0xffff);
        } else {
            rp2040.writeUint8(address, value & 0xff);
        }
    }
}
