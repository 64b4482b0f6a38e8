CMSIS_MCU = STM32L475xx
include $(RELEVE_BOARDS)/STM32L4/mpconfigboard.mk
