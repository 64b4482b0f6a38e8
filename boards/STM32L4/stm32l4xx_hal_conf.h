// Oscillators of the STM32L4 boards, for ST's HAL as MicroPython's port uses it. None has a fast crystal.
#ifndef RELEVE_STM32L4XX_HAL_CONF_H
#define RELEVE_STM32L4XX_HAL_CONF_H

#define HSE_VALUE (8000000)
#define LSE_VALUE (32768)
#define EXTERNAL_SAI1_CLOCK_VALUE (48000)
#define EXTERNAL_SAI2_CLOCK_VALUE (48000)
// Milliseconds.
#define HSE_STARTUP_TIMEOUT (100)
#define LSE_STARTUP_TIMEOUT (5000)

#include "boards/stm32l4xx_hal_conf_base.h"

#endif
