// kept.h: the watchdog's scratch registers that this folder keeps over a reset; a power cut clears all. The boot ROM looks
// at 5 to 7 only if it finds a word in 4 that the SDK's watchdog_enable() overwrites (RP2040 datasheet, 2.8.1.1).
#ifndef RELEVE_RP2_KEPT_H
#define RELEVE_RP2_KEPT_H

#define KEPT_WORD 0u  // early_kept()
// Of a HardFault.
#define KEPT_PC 1u
#define KEPT_LR 2u
#define KEPT_PSR 3u
#define KEPT_FRAME 5u  // where the processor has put the others

#endif
