/**
 * Loads and stores in plain memory: SRAM and the flash. Anything else, and what is not aligned, is the bus's (bus.js).
 */

/** Kinds of memory access. */
export const LOAD32 = 1;
export const LOAD16 = 2;
export const LOAD8 = 3;
export const LOADS16 = 4;
export const LOADS8 = 5;
export const STORE32 = 6;
export const STORE16 = 7;
export const STORE8 = 8;

/** Whether the access at this offset in SRAM was aligned, and is done. */
export function accessSram(access, offset, target, r, sram, sram16, sram32) {
    if (access === LOAD32 && !(offset & 3)) {
        r[target] = sram32[offset >> 2];
    } else if (access === STORE32 && !(offset & 3)) {
        sram32[offset >> 2] = r[target];
    } else if (access === LOAD8) {
        r[target] = sram[offset];
    } else if (access === STORE8) {
        sram[offset] = r[target];
    } else if (access === LOAD16 && !(offset & 1)) {
        r[target] = sram16[offset >> 1];
    } else if (access === STORE16 && !(offset & 1)) {
        sram16[offset >> 1] = r[target];
    } else if (access === LOADS16 && !(offset & 1)) {
        r[target] = (sram16[offset >> 1] << 16) >> 16;
    } else if (access === LOADS8) {
        r[target] = (sram[offset] << 24) >> 24;
    } else {
        return false;
    }
    return true;
}

/** Whether the load at this offset in the flash was aligned, and is done. */
export function loadFlash(access, from, target, r, flash, flash16, flash32) {
    if (access === LOAD32 && !(from & 3)) {
        r[target] = flash32[from >> 2];
    } else if (access === LOAD8) {
        r[target] = flash[from];
    } else if (access === LOAD16 && !(from & 1)) {
        r[target] = flash16[from >> 1];
    } else if (access === LOADS16 && !(from & 1)) {
        r[target] = (flash16[from >> 1] << 16) >> 16;
    } else if (access === LOADS8) {
        r[target] = (flash[from] << 24) >> 24;
    } else {
        return false;
    }
    return true;
}
