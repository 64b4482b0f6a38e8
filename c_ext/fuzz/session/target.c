// target.c: the function that libFuzzer and c_ext/fuzz/replay.c call.
#include "visits.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static visits_t table;
    visits_play(&table, bytes, size);
    visits_frame(bytes, size);
    return 0;
}
