# The C module `hardware` of STM32L4 boards, and the settings that the core needs where its interrupt is a real one.
HARDWARE_DIR := $(USERMOD_DIR)

SRC_USERMOD_C += $(HARDWARE_DIR)/../board/module.c
SRC_USERMOD_LIB_C += $(addprefix $(HARDWARE_DIR)/,agree.c annunciator.c bus.c chip.c clock.c early.c hardware.c interrupts.c link.c power.c pressure.c sensor.c silent.c stroke.c)
SRC_USERMOD_LIB_C += $(addprefix $(HARDWARE_DIR)/../board/,bus_clear.c closed.c frames.c image.c interrupts.c ring.c service.c start.c)
# pins.h is made from the board's table of pins.
CFLAGS_USERMOD += -I$(HARDWARE_DIR) -I$(RELEVE_GENERATED) -DDOSECORE_MASKED=1 -DRELEVE_RELEASE=$(RELEVE_RELEASE)
