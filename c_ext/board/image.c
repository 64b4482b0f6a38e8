#include "image.h"

// In a file of its own, so that the compiler cannot fold the zeros, which the build replaces (tools/ports/image.py),
// into code that reads them.
const uint8_t releve_image_digest[IMAGE_DIGEST_BYTES] = {0u};
