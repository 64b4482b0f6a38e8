/**
 * Instructions that concern the processor itself: hints, interrupts, breakpoints, and undefined ones.
 */
import { DECODED, OP } from './decode.js';

/**
 * Do one of these.
 * @param {import('./cortex.js').Cortex} core
 * @returns {number} cycles beyond the first
 */
export function special(core, opcode) {
    switch (DECODED[opcode]) {
        case OP.CPS:
            core.PM = (opcode & 0x10) !== 0;
            core.interruptsUpdated = true;
            return 0;
        case OP.SVC:
            core.pendingSVCall = true;
            core.interruptsUpdated = true;
            return 0;
        case OP.HINT:
            return hint(core, (opcode >> 4) & 15);
        case OP.BKPT:
            core.fault(`bkpt #${opcode & 255}`);
            return 0;
        default:
            core.fault(`undefined instruction ${opcode.toString(16)}`);
            return 0;
    }
}

function hint(core, which) {
    switch (which) {
        case 2: // WFE
            if (core.eventRegistered) {
                core.eventRegistered = false;
            } else {
                core.waiting = true;
                core.waitingForEvent = true;
                core.interruptsUpdated = true;
            }
            return 1;
        case 3: // WFI
            core.waiting = true;
            core.waitingForEvent = false;
            core.interruptsUpdated = true;
            return 1;
        case 4: // SEV
            core.eventRegistered = true;
            return 0;
        default:
            return 0;
    }
}
