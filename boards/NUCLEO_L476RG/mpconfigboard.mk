CMSIS_MCU = STM32L476xx
include $(RELEVE_BOARDS)/STM32L4/mpconfigboard.mk
