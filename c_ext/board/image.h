// image.h: the SHA-256 of the image, which the build writes into it.
#ifndef RELEVE_IMAGE_H
#define RELEVE_IMAGE_H

#include <stdint.h>

#define IMAGE_DIGEST_BYTES 32u

// The digest of the whole image with these bytes zero; all zero in an image that the build's last step has not
// processed.
extern const uint8_t releve_image_digest[IMAGE_DIGEST_BYTES];

#endif
