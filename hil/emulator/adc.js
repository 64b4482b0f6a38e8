/**
 * The ADC. A conversion asks the board for its value at the instant it starts.
 *
 * Cures: the setter of the active channel masks with the shift, so that round robin always ends on the wrong channel.
 */
const AINSEL_SHIFT = 12;
const CONVERSION_NANOS = 2000; // 96 cycles of 48 MHz

/** @param {import('./rp2040js.js').RPADC} adc */
export function cureAdc(adc) {
    Object.defineProperty(adc, 'activeChannel', {
        get: () => (adc.cs >> AINSEL_SHIFT) & 7,
        set(channel) {
            adc.cs = (adc.cs & ~(7 << AINSEL_SHIFT)) | ((channel & 7) << AINSEL_SHIFT);
        },
    });
    /** @type {(channel: number) => number} 12-bit counts; set by the board */
    adc.sense = () => 0;
    let counts = 0;
    const alarm = adc.rp2040.clock.createAlarm(() => adc.completeADCRead(counts, false));
    adc.onADCRead = (channel) => {
        counts = adc.sense(channel);
        alarm.schedule(CONVERSION_NANOS);
    };
}
