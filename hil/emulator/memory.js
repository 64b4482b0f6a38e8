/**
 * All plain memory of an emulated Pico in one buffer, so that translated code can reach it: flash, SRAM, boot ROM, and
 * the values shared by processor and translated code. It outlives the chips of a machine.
 */
import { AT, FLASH_SPACE_BYTES, PLACES, ROM_BYTES, SRAM_BYTES } from './layout.js';
import { Runs } from './runs.js';

const PAGE_BYTES = 64 * 1024;

export class Memory {
    constructor() {
        this.wasm = new WebAssembly.Memory({ initial: Math.ceil((AT.SLOTS + PLACES * 4) / PAGE_BYTES) });
        const { buffer } = this.wasm;
        this.flash = new Uint8Array(buffer, AT.FLASH, FLASH_SPACE_BYTES).fill(0xff);
        this.flash16 = new Uint16Array(buffer, AT.FLASH, FLASH_SPACE_BYTES / 2);
        this.flash32 = new Int32Array(buffer, AT.FLASH, FLASH_SPACE_BYTES / 4);
        this.flashView = new DataView(buffer, AT.FLASH, FLASH_SPACE_BYTES);
        this.sram = new Uint8Array(buffer, AT.SRAM, SRAM_BYTES);
        this.sram16 = new Uint16Array(buffer, AT.SRAM, SRAM_BYTES / 2);
        this.sram32 = new Int32Array(buffer, AT.SRAM, SRAM_BYTES / 4);
        this.sramView = new DataView(buffer, AT.SRAM, SRAM_BYTES);
        this.rom = new Uint8Array(buffer, AT.ROM, ROM_BYTES);
        this.rom16 = new Uint16Array(buffer, AT.ROM, ROM_BYTES / 2);
        this.rom32 = new Uint32Array(buffer, AT.ROM, ROM_BYTES / 4);
        this.registers = new Uint32Array(buffer, AT.REGISTERS, 16);
        this.signed = new Int32Array(buffer, AT.REGISTERS, 16);
        this.state = new Int32Array(buffer, AT.STATE, 16);
        /** The translation of each place (runs.js). */
        this.slots = new Int32Array(buffer, AT.SLOTS, PLACES);
        this.runs = new Runs(this);
    }
}
