/** Where what stands in the memory of a machine (memory.js), and which places of it may be translated. */

export const SRAM_BYTES = 264 * 1024;
export const ROM_BYTES = 16 * 1024;
/** Of the chip that is on a Pico: W25Q16. */
export const FLASH_BYTES = 2 * 1024 * 1024;
/** The address space of the flash; the chip on it has FLASH_BYTES. */
export const FLASH_SPACE_BYTES = 16 * 1024 * 1024;
export const FLASH = 0x10000000;
export const SRAM = 0x20000000;

/** Where each part begins. */
export const AT = Object.freeze({
    FLASH: 0,
    SRAM: FLASH_SPACE_BYTES,
    ROM: FLASH_SPACE_BYTES + SRAM_BYTES,
    REGISTERS: FLASH_SPACE_BYTES + SRAM_BYTES + ROM_BYTES,
    STATE: FLASH_SPACE_BYTES + SRAM_BYTES + ROM_BYTES + 64,
    SLOTS: FLASH_SPACE_BYTES + SRAM_BYTES + ROM_BYTES + 128,
});
/** Where the half words of each memory begin among all that may be translated: ROM, flash, SRAM. */
export const FLASH_PLACE = ROM_BYTES / 2;
export const SRAM_PLACE = FLASH_PLACE + FLASH_BYTES / 2;
export const PLACES = SRAM_PLACE + SRAM_BYTES / 2;

/** What processor and translated code share, by its place in `state`. NZ has the sign and the zero of the last result. */
export const STATE = Object.freeze({ CYCLES: 0, LIMIT: 1, NZ: 2, C: 3, V: 4, INSTRUCTIONS: 5 });

/** The place of the half word at `pc` among all that may be translated; -1 if it is in none of these memories. */
export function placeOf(pc) {
    const inFlash = (pc - FLASH) | 0;
    if (inFlash >>> 0 < FLASH_BYTES) {
        return FLASH_PLACE + (inFlash >> 1);
    }
    const inSram = (pc - SRAM) | 0;
    return inSram >>> 0 < SRAM_BYTES ? SRAM_PLACE + (inSram >> 1) : pc >>> 0 < ROM_BYTES ? pc >> 1 : -1;
}

/** The other way round. */
export function addressOf(place) {
    if (place >= SRAM_PLACE) {
        return SRAM + (place - SRAM_PLACE) * 2;
    }
    return place < FLASH_PLACE ? place * 2 : FLASH + (place - FLASH_PLACE) * 2;
}
