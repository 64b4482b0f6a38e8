/**
 * Where branches lead. The shared state has the flags; N and Z are derived from NZ.
 */

/** Whether a condition, 0 … 13, holds. */
export function holds(condition, nz, c, v) {
    switch (condition) {
        case 0:
            return nz === 0;
        case 1:
            return nz !== 0;
        case 2:
            return c !== 0;
        case 3:
            return c === 0;
        case 4:
            return nz < 0;
        case 5:
            return nz >= 0;
        case 6:
            return v !== 0;
        case 7:
            return v === 0;
        case 8:
            return c !== 0 && nz !== 0;
        case 9:
            return c === 0 || nz === 0;
        case 10:
            return nz < 0 === (v !== 0);
        case 11:
            return nz < 0 !== (v !== 0);
        case 12:
            return nz !== 0 && nz < 0 === (v !== 0);
        default:
            return nz === 0 || nz < 0 !== (v !== 0);
    }
}

/** The target of BL with the half words `first` at `pc - 4` and `second`. */
export function linkTarget(first, second, pc) {
    const s = (first >> 10) & 1;
    const i1 = ((second >> 13) & 1) ^ s ^ 1;
    const i2 = ((second >> 11) & 1) ^ s ^ 1;
    const high = (s ? 0xff000000 : 0) | (i1 << 23) | (i2 << 22);
    return (pc + (high | ((first & 0x3ff) << 12) | ((second & 0x7ff) << 1))) | 0;
}
