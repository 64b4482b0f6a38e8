// curve.c: what stands in the fuzzer for the curve, which is most of an opening's time: a product modulo 2^64. It is as
// commutative as the curve, so that both sides find the same secret, and its points of small order are the even ones
// that the product brings to 0. Hash and AEAD are mbedTLS's.
#include <string.h>

#include "primitives.h"

void primitive_curve(uint8_t shared[PRIMITIVE_KEY_BYTES], const uint8_t secret[PRIMITIVE_KEY_BYTES],
                     const uint8_t point[PRIMITIVE_KEY_BYTES]) {
    uint64_t factor;
    uint64_t product;
    memcpy(&factor, secret, sizeof factor);
    memcpy(&product, point, sizeof product);
    product *= factor;
    memset(shared, 0, PRIMITIVE_KEY_BYTES);
    memcpy(shared, &product, sizeof product);
}
