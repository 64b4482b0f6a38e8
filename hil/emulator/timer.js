/**
 * The microsecond timer.
 *
 * Cures: rp2040js measures an alarm from the middle of a microsecond, so it fires up to 0.73 µs early. Here it fires at
 * the very nanosecond at which the count reaches the alarm's value.
 */
import { RPTimer } from './rp2040js.js';

const ALARM0 = 0x10;
const ALARM3 = 0x1c;

export class Timer extends RPTimer {
    writeUint32(offset, value) {
        if (offset < ALARM0 || offset > ALARM3) {
            super.writeUint32(offset, value);
            return;
        }
        const alarm = this.alarms[(offset - ALARM0) / 4];
        const nowMicros = Math.floor(this.clock.nanos / 1000);
        alarm.armed = true;
        alarm.targetMicros = value;
        alarm.clockAlarm.scheduleAt((nowMicros + ((value - nowMicros) >>> 0)) * 1000);
    }
}
