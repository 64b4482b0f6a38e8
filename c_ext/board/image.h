// image.h: the SHA-256 of the image, which the build writes into it.
#ifndef RELEVE_IMAGE_H
#define RELEVE_IMAGE_H

#include <stdint.h>

#define IMAGE_DIGEST_BYTES 32u

// Of the whole image with these bytes zero; all zero in an image that has not been through the build's last step.
extern const uint8_t releve_image_digest[IMAGE_DIGEST_BYTES];

#endif
