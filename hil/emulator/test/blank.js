/** A chip with nothing in its memories, for tests that put their own code there. */
import { Chip } from '../chip.js';
import { FLASH_TIMING } from '../flash.js';
import { Memory } from '../memory.js';

export function blankChip() {
    return new Chip({
        memory: new Memory(),
        bootrom: new Uint8Array(16 * 1024),
        sram: new Uint8Array(264 * 1024),
        flashTiming: FLASH_TIMING.typical,
        say() {},
    });
}
