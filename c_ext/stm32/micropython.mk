# The C module `hardware` of STM32L4 boards, and what the core needs where its interrupt is a real one.
HARDWARE_DIR := $(USERMOD_DIR)

SRC_USERMOD_C += $(HARDWARE_DIR)/module.c
SRC_USERMOD_LIB_C += $(addprefix $(HARDWARE_DIR)/,agree.c annunciator.c chip.c clock.c interrupts.c link.c power.c pressure.c sensor.c stroke.c)
SRC_USERMOD_LIB_C += $(HARDWARE_DIR)/../board/service.c $(HARDWARE_DIR)/../rp2/image.c
# pins.h is made from the board's table of pins.
CFLAGS_USERMOD += -I$(RELEVE_GENERATED) -DDOSECORE_MASKED=1 -DRELEVE_RELEASE=$(RELEVE_RELEASE)
