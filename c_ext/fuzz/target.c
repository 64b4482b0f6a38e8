// target.c: the function that libFuzzer, AFL++ (through its libFuzzer driver) and replay.c call.
#include "play.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static play_t table;
    play(&table, bytes, size);
    return 0;
}
