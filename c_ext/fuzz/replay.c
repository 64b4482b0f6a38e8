// replay.c: plays every file named on the command line, with any compiler; the kept corpus as a test.
//
//     replay [-v] FILE …     -v prints every call. Each file's name is printed first, so the last one has failed
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"

#define SIZE_MAX_BYTES 65536u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int main(int count, char **names) {
    static uint8_t bytes[SIZE_MAX_BYTES];
    play_says_calls = (count > 1) && (strcmp(names[1], "-v") == 0);
    for (int i = play_says_calls ? 2 : 1; i < count; i++) {
        FILE *file = fopen(names[i], "rb");
        if (file == NULL) {
            perror(names[i]);
            return EXIT_FAILURE;
        }
        const size_t size = fread(bytes, 1u, sizeof(bytes), file);
        (void)fclose(file);
        (void)fprintf(stderr, "playing %s\n", names[i]);
        (void)LLVMFuzzerTestOneInput(bytes, size);
    }
    return EXIT_SUCCESS;
}
