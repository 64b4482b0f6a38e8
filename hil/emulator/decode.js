/**
 * Decodes the ARMv6-M instructions: a table with one byte for each of the 65,536 half words that are or start an
 * instruction. The CPU finds its case with one lookup instead of rp2040js' chain of comparisons.
 */

/** Instruction kinds, in the order of their encodings. */
export const OP = Object.freeze(
    Object.fromEntries(
        (
            'UNDEFINED LSL_IMM LSR_IMM ASR_IMM ADD_REG SUB_REG ADD_IMM3 SUB_IMM3 MOV_IMM CMP_IMM ADD_IMM8 SUB_IMM8 ' +
            'AND EOR LSL LSR ASR ADC SBC ROR TST RSB CMP CMN ORR MUL BIC MVN ADD_HI CMP_HI MOV_HI BX BLX ' +
            'LDR_LIT STR_REG STRH_REG STRB_REG LDRSB LDR_REG LDRH_REG LDRB_REG LDRSH ' +
            'STR_IMM LDR_IMM STRB_IMM LDRB_IMM STRH_IMM LDRH_IMM STR_SP LDR_SP ADR ADD_SP ADJUST_SP ' +
            'SXTH SXTB UXTH UXTB PUSH POP CPS REV REV16 REVSH BKPT HINT STM LDM B_COND SVC B WIDE'
        )
            .split(' ')
            .map((name, index) => [name, index]),
    ),
);

const ALU = 'AND EOR LSL LSR ASR ADC SBC ROR TST RSB CMP CMN ORR MUL BIC MVN'.split(' ');
const REG_OFFSET = 'STR_REG STRH_REG STRB_REG LDRSB LDR_REG LDRH_REG LDRB_REG LDRSH'.split(' ');
const BY_TOP5 = {
    0b00000: 'LSL_IMM', 0b00001: 'LSR_IMM', 0b00010: 'ASR_IMM', 0b00100: 'MOV_IMM', 0b00101: 'CMP_IMM',
    0b00110: 'ADD_IMM8', 0b00111: 'SUB_IMM8', 0b01001: 'LDR_LIT', 0b01100: 'STR_IMM', 0b01101: 'LDR_IMM',
    0b01110: 'STRB_IMM', 0b01111: 'LDRB_IMM', 0b10000: 'STRH_IMM', 0b10001: 'LDRH_IMM', 0b10010: 'STR_SP',
    0b10011: 'LDR_SP', 0b10100: 'ADR', 0b10101: 'ADD_SP', 0b11000: 'STM', 0b11001: 'LDM', 0b11100: 'B', 0b11110: 'WIDE',
}; // prettier-ignore

/** @param {number} opcode @returns {string} */
function kindOf(opcode) {
    const top5 = opcode >> 11;
    if (BY_TOP5[top5]) {
        return BY_TOP5[top5];
    }
    switch (top5) {
        case 0b00011:
            return ['ADD_REG', 'SUB_REG', 'ADD_IMM3', 'SUB_IMM3'][(opcode >> 9) & 3];
        case 0b01000:
            if (!(opcode & 0x400)) {
                return ALU[(opcode >> 6) & 15];
            }
            return ['ADD_HI', 'CMP_HI', 'MOV_HI', opcode & 0x80 ? 'BLX' : 'BX'][(opcode >> 8) & 3];
        case 0b01010:
        case 0b01011:
            return REG_OFFSET[(opcode >> 9) & 7];
        case 0b11010:
        case 0b11011:
            return ((opcode >> 8) & 15) === 15 ? 'SVC' : ((opcode >> 8) & 15) === 14 ? 'UNDEFINED' : 'B_COND';
        case 0b10110:
        case 0b10111:
            return miscellaneous(opcode);
        default:
            return 'UNDEFINED';
    }
}

function miscellaneous(opcode) {
    if (opcode >> 8 === 0xb0) {
        return 'ADJUST_SP';
    }
    if (opcode >> 8 === 0xb2) {
        return ['SXTH', 'SXTB', 'UXTH', 'UXTB'][(opcode >> 6) & 3];
    }
    if (opcode >> 9 === 0b1011010) {
        return 'PUSH';
    }
    if (opcode >> 9 === 0b1011110) {
        return 'POP';
    }
    if ((opcode & 0xffef) === 0xb662) {
        return 'CPS';
    }
    if (opcode >> 8 === 0xba) {
        return ['REV', 'REV16', 'UNDEFINED', 'REVSH'][(opcode >> 6) & 3];
    }
    if (opcode >> 8 === 0xbe) {
        return 'BKPT';
    }
    if (opcode >> 8 === 0xbf) {
        return 'HINT';
    }
    return 'UNDEFINED';
}

/** OP value of every half word. */
export const DECODED = Uint8Array.from({ length: 0x10000 }, (_, opcode) => OP[kindOf(opcode)]);
