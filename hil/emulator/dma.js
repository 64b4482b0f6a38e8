/**
 * DMA. Transfers paced by PIO and UART are correct in rp2040js, but take no bus time.
 *
 * Cures: CHAN_ABORT must read 0 once the abort is done (here at once); the pacing timers run at Y/X of the system clock
 * instead of X/Y, and the X of the last one is shifted by 36 bits instead of 16.
 */
const CHAN_ABORT = 0x444;
const TIMER0_TREQ = 0x3b;

/** @param {import('./rp2040js.js').RPDMA} dma */
export function cureDma(dma) {
    const read = dma.readUint32.bind(dma);
    dma.readUint32 = (offset) => (offset === CHAN_ABORT ? 0 : read(offset));
    dma.getTimer = (treq) => {
        const timer = [dma.timer0, dma.timer1, dma.timer2, dma.timer3][treq - TIMER0_TREQ];
        if (timer === undefined || timer >>> 16 === 0) {
            return 0;
        }
        return ((timer & 0xffff) / (timer >>> 16)) * (1e6 / dma.rp2040.clkSys);
    };
}
