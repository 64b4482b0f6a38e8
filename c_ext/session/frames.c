#include "frames.h"

#include "bytes.h"

#define HEAD_BYTES 3u
#define BOUND_BYTES 7u

static void put_nonce(uint8_t nonce[PRIMITIVE_NONCE_BYTES], uint32_t counter) {
    bytes_put_u32(&nonce[0], 0u);
    bytes_put_u64(&nonce[4], counter);
}

static void put_head(uint8_t ad[BOUND_BYTES], frame_head_t head) {
    bytes_put_u16(&ad[0], head.sequence);
    ad[2] = head.message_id;
}

uint32_t frames_counter(const uint8_t *payload) {
    return bytes_get_u32(payload);
}

bool frames_open(const channel_t *channel, frame_head_t head, uint8_t *payload, uint32_t text_bytes) {
    uint8_t nonce[PRIMITIVE_NONCE_BYTES];
    uint8_t ad[BOUND_BYTES];
    uint8_t *const text = &payload[FRAMES_COUNTER_BYTES];
    put_nonce(nonce, frames_counter(payload));
    put_head(ad, head);
    return primitive_open(channel->receive_key, nonce, ad, HEAD_BYTES, text, text_bytes, &text[text_bytes]);
}

void frames_seal(channel_t *channel, frame_head_t head, uint8_t *payload, uint32_t text_bytes) {
    uint8_t nonce[PRIMITIVE_NONCE_BYTES];
    uint8_t ad[BOUND_BYTES];
    uint32_t ad_bytes = HEAD_BYTES;
    uint8_t *const text = &payload[FRAMES_COUNTER_BYTES];
    put_nonce(nonce, channel->sent);
    put_head(ad, head);
    if (head.message_id != FRAMES_TELEMETRY) {
        bytes_put_u32(&ad[HEAD_BYTES], channel->last);
        ad_bytes = BOUND_BYTES;
    }
    bytes_put_u32(payload, channel->sent);
    primitive_seal(channel->send_key, nonce, ad, ad_bytes, text, text_bytes, &text[text_bytes]);
    channel->sent++;
}
