PRIMITIVES_DIR := $(USERMOD_DIR)

SRC_USERMOD_C += $(PRIMITIVES_DIR)/primitives.c
CFLAGS_USERMOD += $(addprefix -I$(realpath $(PRIMITIVES_DIR))/../../../c_ext/,session session/micropython)
