SESSION_DIR := $(USERMOD_DIR)
SESSION_CORE_DIR := $(SESSION_DIR)/..

SRC_USERMOD_C += $(addprefix $(SESSION_DIR)/,module.c keys.c methods.c framing.c)
SESSION_SOURCES := $(addprefix $(SESSION_CORE_DIR)/,bytes.c frames.c framing.c kdf.c noise.c opening.c \
	quota.c random.c session.c slots.c mbedtls/primitives.c)
SRC_USERMOD_LIB_C += $(SESSION_SOURCES)
# For speed, whatever the port is built for; mbedTLS's folders for the one file that includes it (c_ext/host/build.py).
SESSION_EVEREST := $(RELEVE_MBEDTLS)/3rdparty/everest/include/everest
$(patsubst $(USER_C_MODULES)/%.c,$(BUILD)/%.o,$(SESSION_SOURCES)): CFLAGS += -O2 \
	-DRELEVE_RELEASE=$(or $(RELEVE_RELEASE),0)
$(BUILD)/session/../mbedtls/primitives.o: CFLAGS += -isystem $(RELEVE_MBEDTLS) -isystem $(RELEVE_MBEDTLS)/include \
	-isystem $(SESSION_EVEREST) -isystem $(SESSION_EVEREST)/kremlib
