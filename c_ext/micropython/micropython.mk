DOSECORE_DIR := $(USERMOD_DIR)
DOSECORE_CORE_DIR := $(DOSECORE_DIR)/../core

SRC_USERMOD_C += $(addprefix $(DOSECORE_DIR)/,dosecore.c requests.c readings.c counts.c roomy.c)
SRC_USERMOD_LIB_C += $(addprefix $(DOSECORE_CORE_DIR)/,basal.c core.c dose.c guard.c ledger.c motion.c pace.c state.c)
CFLAGS_USERMOD += -I$(DOSECORE_DIR)
