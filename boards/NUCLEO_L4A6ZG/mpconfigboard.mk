CMSIS_MCU = STM32L4A6xx
include $(RELEVE_BOARDS)/STM32L4/mpconfigboard.mk
