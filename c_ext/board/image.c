#include "image.h"

// In a file of its own, so that nobody who reads it sees the zeros that the build replaces (tools/ports/image.py).
const uint8_t releve_image_digest[IMAGE_DIGEST_BYTES] = {0u};
