// play_acts.h: what the bytes of a play mean.
#ifndef RELEVE_PLAY_ACTS_H
#define RELEVE_PLAY_ACTS_H

#include "play.h"

// The next `count` bytes as a number, the lowest first; 0 for bytes that are not there.
uint64_t play_take(play_t *play, uint32_t count);

// Takes one act from the bytes and does it.
void play_act(play_t *play);

#endif
