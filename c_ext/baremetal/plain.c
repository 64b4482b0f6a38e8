// plain.c: the plainest scheduler that could drive a pump, to measure what the dose core's safety costs beside it.
//
// Basal and one bolus, the right number of strokes at about the right time, and nothing else: no limits, no caps, no
// permit, no redundancy, no ledgers, no exactness (the interval is rounded), no refusals. Never for a pump.
#include <stdint.h>

typedef struct {
    uint64_t due_us;
    uint64_t bolus_due_us;
    uint32_t interval_us;
    uint32_t spacing_us;
    uint32_t bolus_strokes;
} plain_t;

void plain_init(plain_t *plain, uint64_t now_us, uint32_t interval_us, uint32_t spacing_us);
void plain_bolus(plain_t *plain, uint64_t now_us, uint32_t strokes);
uint64_t plain_next_us(const plain_t *plain);
uint32_t plain_service(plain_t *plain, uint64_t now_us);

void plain_init(plain_t *plain, uint64_t now_us, uint32_t interval_us, uint32_t spacing_us) {
    plain->due_us = now_us + interval_us;
    plain->bolus_due_us = 0u;
    plain->interval_us = interval_us;
    plain->spacing_us = spacing_us;
    plain->bolus_strokes = 0u;
}

void plain_bolus(plain_t *plain, uint64_t now_us, uint32_t strokes) {
    plain->bolus_strokes = strokes;
    plain->bolus_due_us = now_us;
}

uint64_t plain_next_us(const plain_t *plain) {
    return (plain->bolus_strokes != 0u) ? plain->bolus_due_us : plain->due_us;
}

// 1: make a stroke now.
uint32_t plain_service(plain_t *plain, uint64_t now_us) {
    uint32_t stroke = 0u;
    if ((plain->bolus_strokes != 0u) && (now_us >= plain->bolus_due_us)) {
        plain->bolus_strokes--;
        plain->bolus_due_us = now_us + plain->spacing_us;
        stroke = 1u;
    } else if ((plain->bolus_strokes == 0u) && (now_us >= plain->due_us)) {
        plain->due_us += plain->interval_us;
        stroke = 1u;
    } else {
        stroke = 0u;
    }
    return stroke;
}
