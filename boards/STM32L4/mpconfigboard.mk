# MicroPython's build settings shared by the STM32L4 boards; a board's mpconfigboard.mk names its chip and includes this.
MCU_SERIES = l4
STM32L4_DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
# The L475 is an L476 without display controller, the L4A6 an L496 with an AES unit.
ifneq ($(filter STM32L496xx STM32L4A6xx,$(CMSIS_MCU)),)
AF_FILE = boards/stm32l496_af.csv
LD_FILES = $(STM32L4_DIR)/areas_l496.ld
else
AF_FILE = boards/stm32l476_af.csv
LD_FILES = $(STM32L4_DIR)/areas_l476.ld
endif
LD_FILES += $(STM32L4_DIR)/memory.ld boards/common_basic.ld
FROZEN_MANIFEST = $(STM32L4_DIR)/manifest.py
# A release has no file system (mpconfigport_l4.h).
ifeq ($(RELEVE_RELEASE),1)
MICROPY_VFS_FAT = 0
endif
CFLAGS += -DMP_CONFIGFILE='<mpconfigport_l4.h>'
CFLAGS += -I$(STM32L4_DIR) -I$(RELEVE_GENERATED) -DRELEVE_RELEASE=$(RELEVE_RELEASE)
CFLAGS += $(RELEVE_PREFIX_MAPS)
MICROPY_MANIFEST_RELEVE_GENERATED = $(RELEVE_GENERATED)
export MICROPY_MANIFEST_RELEVE_GENERATED
