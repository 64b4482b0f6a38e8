// play_parts.h: calls the parts' own entry points with arguments that the whole core never passes to them.
#ifndef RELEVE_PLAY_PARTS_H
#define RELEVE_PLAY_PARTS_H

#include <stdint.h>

// Calls one part on a context of its own, chosen and fed by `shape`; returns a digest of what it did. Aborts if a
// refusal has changed something, or a result breaks its contract.
uint64_t play_part(uint64_t shape);

#endif
