BENCHLINK_DIR := $(USERMOD_DIR)

SRC_USERMOD_C += $(BENCHLINK_DIR)/virtual.c
SRC_USERMOD_C += $(BENCHLINK_DIR)/exchange.c
SRC_USERMOD_C += $(BENCHLINK_DIR)/backed.c
SRC_USERMOD_C += $(BENCHLINK_DIR)/crc.c
# dosecore.h and, through it, the core's headers and the service's; the folder is reached by its real path, the modules by links.
CFLAGS_USERMOD += -I$(realpath $(BENCHLINK_DIR))/../../../c_ext/micropython
