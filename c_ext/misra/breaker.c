// breaker.c: breaks MISRA C:2012 on purpose. Never compiled into anything; the test of the MISRA gate reads it.
// Each function's name says which rule it breaks.
#include <stdint.h>
#include <stdlib.h>

int32_t rule_15_6_if_without_braces(int32_t a) {
    // clang-format off: it would put the braces in
    if (a > 0)
        a = 1;
    // clang-format on
    return a;
}

uint16_t rule_10_3_narrowed(uint32_t wide) {
    const uint16_t narrow = wide;
    return narrow;
}

int32_t rule_15_1_goto(int32_t a) {
    if (a > 0) {
        goto end;
    }
    a = 2;
end:
    return a;
}

int32_t rule_16_4_switch_without_default(int32_t a) {
    switch (a) {
        case 1:
            a = 2;
            break;
    }
    return a;
}

void *rule_21_3_heap(void) {
    return malloc(4u);
}

int32_t rule_17_2_recursion(int32_t a) {
    return (a > 0) ? rule_17_2_recursion(a - 1) : 0;
}

uint32_t rule_12_1_precedence(uint32_t a, uint32_t b, uint32_t c) {
    return a + b << c;
}

int32_t rule_13_5_side_effect(int32_t a, int32_t *b) {
    return (a > 0) && ((*b)++ > 0);
}

int32_t rule_14_4_not_boolean(int32_t a) {
    while (a) {
        a--;
    }
    return a;
}

int32_t rule_17_7_result_unused(int32_t a) {
    rule_14_4_not_boolean(a);
    return a;
}

int32_t rule_11_4_address_in_a_number(void *a) {
    int32_t *const place = (int32_t *)0x40000000;
    *place = 1;
    return (int32_t)a;
}
