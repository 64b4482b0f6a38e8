/** Layout of a machine's memory (memory.js), and the places in it that may be translated. */

export const SRAM_BYTES = 264 * 1024;
export const ROM_BYTES = 16 * 1024;
/** Size of the flash chip on a Pico, a W25Q16. */
export const FLASH_BYTES = 2 * 1024 * 1024;
/** The address space of the flash; the chip on it has FLASH_BYTES. */
export const FLASH_SPACE_BYTES = 16 * 1024 * 1024;
export const FLASH = 0x10000000;
export const SRAM = 0x20000000;

/** The start of each part. */
export const AT = Object.freeze({
    FLASH: 0,
    SRAM: FLASH_SPACE_BYTES,
    ROM: FLASH_SPACE_BYTES + SRAM_BYTES,
    REGISTERS: FLASH_SPACE_BYTES + SRAM_BYTES + ROM_BYTES,
    STATE: FLASH_SPACE_BYTES + SRAM_BYTES + ROM_BYTES + 64,
    SLOTS: FLASH_SPACE_BYTES + SRAM_BYTES + ROM_BYTES + 128,
});
/** Index of the first half word of each memory among all translatable half words: ROM, flash, SRAM. */
export const FLASH_PLACE = ROM_BYTES / 2;
export const SRAM_PLACE = FLASH_PLACE + FLASH_BYTES / 2;
export const PLACES = SRAM_PLACE + SRAM_BYTES / 2;

/**
 * Values shared by processor and translated code, by their index in `state`. NZ holds the sign and zero of the last
 * result. GUARD is the place in SRAM of the MPU's region that nothing may access, GUARD_BYTES its size, or 0.
 */
export const STATE = Object.freeze({ CYCLES: 0, LIMIT: 1, NZ: 2, C: 3, V: 4, INSTRUCTIONS: 5, GUARD: 6, GUARD_BYTES: 7 });
/** The most that an instruction pushes. */
export const PUSH_BYTES_MAX = 36;

/** The index of the half word at `pc` among all translatable ones; -1 if it is in none of these memories. */
export function placeOf(pc) {
    const inFlash = (pc - FLASH) | 0;
    if (inFlash >>> 0 < FLASH_BYTES) {
        return FLASH_PLACE + (inFlash >> 1);
    }
    const inSram = (pc - SRAM) | 0;
    return inSram >>> 0 < SRAM_BYTES ? SRAM_PLACE + (inSram >> 1) : pc >>> 0 < ROM_BYTES ? pc >> 1 : -1;
}

/** The inverse of placeOf. */
export function addressOf(place) {
    if (place >= SRAM_PLACE) {
        return SRAM + (place - SRAM_PLACE) * 2;
    }
    return place < FLASH_PLACE ? place * 2 : FLASH + (place - FLASH_PLACE) * 2;
}
