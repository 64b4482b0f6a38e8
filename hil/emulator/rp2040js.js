/**
 * The parts of rp2040js that this program builds on. Its package exports only some of them by name, so all import paths
 * of its files are here. The lock file pins the version that they fit.
 */
export { RP2040 } from './node_modules/rp2040js/dist/esm/rp2040.js';
export { CortexM0Core } from './node_modules/rp2040js/dist/esm/cortex-m0-core.js';
export { BasePeripheral } from './node_modules/rp2040js/dist/esm/peripherals/peripheral.js';
export { RPPIO, StateMachine } from './node_modules/rp2040js/dist/esm/peripherals/pio.js';
export { RPTimer } from './node_modules/rp2040js/dist/esm/peripherals/timer.js';
export { RPI2C, I2CMode } from './node_modules/rp2040js/dist/esm/peripherals/i2c.js';
export { GPIOPinState } from './node_modules/rp2040js/dist/esm/gpio-pin.js';
export { FIFO } from './node_modules/rp2040js/dist/esm/utils/fifo.js';
export { IRQ } from './node_modules/rp2040js/dist/esm/irq.js';
