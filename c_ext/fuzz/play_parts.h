// play_parts.h: the parts' own entry points with arguments that the whole never hands them.
#ifndef RELEVE_PLAY_PARTS_H
#define RELEVE_PLAY_PARTS_H

#include <stdint.h>

// Calls one part on a context of its own, chosen and fed by `shape`; a digest of what it did. Aborts if a refusal
// changed something, or a result breaks its promise.
uint64_t play_part(uint64_t shape);

#endif
