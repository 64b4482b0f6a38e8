#include "stroke.h"

#include "../core/dose.h"
#include "../core/motion.h"
#include "chip.h"
#include "clock.h"
#include "pins.h"

// TIM15's first channel is on PA2 and PB14, as alternate function 14 (STM32L475 and L476 datasheets, alternate
// functions).
_Static_assert((PIN_STEP == 2u) || (PIN_STEP == 30u), "STEP must be PA2 or PB14: TIM15's first channel");
#define STEP_FUNCTION 14u
// STEP is low this long at the beginning of each period, then high to its end; stepper drivers ask for 1 to 2 µs of
// each.
#define LOW_US 5u  // 5 ticks too
// TIM15 asks for this one (RM0351 table 44, DMA1 requests).
#define DMA_CHANNEL 5u
#define DMA_REQUEST 7u
#define DMA_SETTLES_LOOKS 8u
// At its overflow TIM6 asks for this one of DMA2 (RM0351 table 45), which no UART of the link uses.
#define CUT_CHANNEL 4u
#define CUT_REQUEST 3u
// A count of TIM6 is 512 of TIM2's. The motor may be on from the hand-over to the end of the longest burst, and two
// counts.
#define CUT_COUNT 512u
#define CUT_COUNTS(burst_us) (((STROKE_HAND_OVER_US + (burst_us) + STROKE_SLACK_US(burst_us)) / CUT_COUNT) + 2u)
// One tick of the crystal is 30.5 of the timers' counts; what this code takes at either edge is up to 2 of them. Outside
// of these the MSI is a tenth off.
#define TICK_COUNTS_MIN 27u
#define TICK_COUNTS_MAX 34u
#define TRIGGERS 4u
#define TRIAL_TICKS 4u
#define TRIAL_LOOKS 100000u

static const uint32_t motor_off = 1u << CHIP_NUMBER(PIN_MOTOR_ENABLE);  // as BSRR has it
static uint16_t reload[MOTION_STEPS_MAX];
static uint32_t step_count;
static uint32_t cut_counts;  // of TIM6, from the hand-over on
static uint32_t trigger;     // TIM15's trigger input that TIM2 drives, as SMCR has it
static uint64_t start_us;    // of the stroke that waits, on the chip's clock
static bool waiting;         // a stroke has been taken and not been handed over
static bool busy;            // the timers have a stroke
static bool ready;

static reg_dma_channel_t *channel(void) {
    return &R_DMA1->CHANNEL[DMA_CHANNEL - 1u];
}

static void motor(bool on) {
    chip_drive(PIN_MOTOR_ENABLE, !on);
}

static reg_dma_channel_t *cut_channel(void) {
    return &R_DMA2->CHANNEL[CUT_CHANNEL - 1u];
}

// Which of TIM15's trigger inputs TIM2 drives differs from chip to chip, so it is tried, with the output off: this is
// also the test that a stroke will start. False if none does.
static bool find_trigger(void) {
    bool found = false;
    R_TIM15->ARR = UINT16_MAX;
    R_TIM2->ARR = TRIAL_TICKS;
    for (uint32_t input = 0u; (input < TRIGGERS) && !found; input++) {
        trigger = input << R_TIM_SMCR_TS_SHIFT;
        R_TIM15->SMCR = trigger;
        R_TIM15->SMCR = trigger | R_TIM_SMCR_SMS_TRIGGER;
        R_TIM2->CNT = 0u;
        R_TIM2->CR1 = R_TIM_CR1_OPM | R_TIM_CR1_CEN;
        for (uint32_t i = 0u; (i < TRIAL_LOOKS) && ((R_TIM2->CR1 & R_TIM_CR1_CEN) != 0u); i++) {
        }
        chip_barrier();
        found = (R_TIM15->CR1 & R_TIM_CR1_CEN) != 0u;
        R_TIM15->SMCR = 0u;
        R_TIM15->CR1 = R_TIM_CR1_OPM | R_TIM_CR1_URS;
    }
    return found;
}

bool stroke_setup(void) {
    if (!ready) {
        chip_drive(PIN_MOTOR_ENABLE, true);
        chip_pin(PIN_MOTOR_ENABLE, CHIP_OUTPUT, 0u, CHIP_NO_PULL);
        motor(false);
        chip_pin(PIN_DIR, CHIP_OUTPUT, 0u, CHIP_NO_PULL);
        chip_drive(PIN_DIR, true);
        R_RCC->AHB1ENR |= R_RCC_AHB1ENR_DMA1EN | R_RCC_AHB1ENR_DMA2EN;
        R_RCC->APB1ENR1 |= R_RCC_APB1ENR1_TIM2EN | R_RCC_APB1ENR1_TIM6EN;
        R_RCC->APB2ENR |= R_RCC_APB2ENR_TIM15EN;
        (void)R_RCC->APB2ENR;
        R_TIM15->CR1 = R_TIM_CR1_OPM | R_TIM_CR1_URS;
        R_TIM15->PSC = CLOCK_TIMER_DIVIDER - 1u;
        R_TIM15->CCMR1 = R_TIM_CCMR1_OC1M_FORCE_LOW;
        R_TIM2->CR1 = R_TIM_CR1_OPM;
        R_TIM2->PSC = CLOCK_TIMER_DIVIDER - 1u;
        R_TIM2->EGR = R_TIM_EGR_UG;  // before anything listens to its trigger
        R_TIM2->CR2 = R_TIM_CR2_MMS_UPDATE;
        R_TIM6->CR1 = R_TIM_CR1_OPM | R_TIM_CR1_URS;
        R_TIM6->PSC = (CLOCK_TIMER_DIVIDER * CUT_COUNT) - 1u;
        R_TIM6->DIER = R_TIM_DIER_UDE;
        ready = find_trigger();
        R_TIM15->CCER = R_TIM_CCER_CC1E;
        R_TIM15->BDTR = R_TIM_BDTR_MOE;
        chip_pin(PIN_STEP, CHIP_ALTERNATE, STEP_FUNCTION, CHIP_NO_PULL);
        R_DMA1->CSELR = (R_DMA1->CSELR & ~R_DMA_SELECT(DMA_CHANNEL, 15u)) | R_DMA_SELECT(DMA_CHANNEL, DMA_REQUEST);
        R_DMA2->CSELR = (R_DMA2->CSELR & ~R_DMA_SELECT(CUT_CHANNEL, 15u)) | R_DMA_SELECT(CUT_CHANNEL, CUT_REQUEST);
    }
    return ready;
}

void stroke_plan(uint32_t steps, const uint16_t *period_us) {
    uint32_t begin_us = 0u;
    for (uint32_t k = 0u; k < steps; k++) {
        // Edges are rounded, not periods, so that errors do not add up.
        const uint32_t end_us = begin_us + period_us[k];
        reload[k] = (uint16_t)(clock_timer_ticks(end_us) - clock_timer_ticks(begin_us) - 1u);
        begin_us = end_us;
    }
    step_count = steps;
    cut_counts = CUT_COUNTS(begin_us);
}

// From now on TIM6 and the DMA switch the motor off after the longest burst, unless rest() does.
static void arm_cut(void) {
    reg_dma_channel_t *dma = cut_channel();
    R_TIM6->CR1 = R_TIM_CR1_OPM | R_TIM_CR1_URS;
    dma->CCR = 0u;
    dma->CPAR = (uint32_t)(uintptr_t)&R_GPIO(CHIP_PORT(PIN_MOTOR_ENABLE))->BSRR;
    dma->CMAR = (uint32_t)(uintptr_t)&motor_off;
    dma->CNDTR = 1u;
    dma->CCR = R_DMA_CCR_MSIZE_32 | R_DMA_CCR_PSIZE_32 | R_DMA_CCR_DIR | R_DMA_CCR_EN;
    R_TIM6->ARR = cut_counts;
    R_TIM6->EGR = R_TIM_EGR_UG;  // from 0, the prescaler too; URS: no request
    R_TIM6->CR1 = R_TIM_CR1_OPM | R_TIM_CR1_URS | R_TIM_CR1_CEN;
}

// Switches the motor on and makes everything ready for a burst.
static void prepare(void) {
    reg_dma_channel_t *dma = channel();
    busy = true;
    arm_cut();
    motor(true);
    dma->CCR = 0u;
    R_DMA1->IFCR = R_DMA_FLAGS(DMA_CHANNEL);
    dma->CPAR = (uint32_t)(uintptr_t)&R_TIM15->ARR;
    dma->CMAR = (uint32_t)(uintptr_t)reload;
    dma->CNDTR = step_count;
    dma->CCR =
        R_DMA_CCR_PL_HIGHEST | R_DMA_CCR_MSIZE_16 | R_DMA_CCR_PSIZE_32 | R_DMA_CCR_MINC | R_DMA_CCR_DIR | R_DMA_CCR_EN;
    R_TIM15->ARR = reload[0];
    R_TIM15->CCR1 = LOW_US;
    R_TIM15->RCR = step_count - 1u;
    R_TIM15->CNT = 0u;
    R_TIM15->EGR = R_TIM_EGR_UG;  // takes RCR and PSC over; URS: no interrupt
    R_TIM15->CCMR1 = R_TIM_CCMR1_OC1M_PWM2;
    R_TIM15->SR = 0u;
    R_TIM15->DIER = R_TIM_DIER_CC1DE | R_TIM_DIER_UIE;
    R_TIM15->SMCR = trigger;
    R_TIM15->SMCR = trigger | R_TIM_SMCR_SMS_TRIGGER;
}

// Plays the burst that has been prepared, first step in wait_us from now.
static void start(uint32_t wait_us) {
    R_TIM2->CNT = 0u;
    R_TIM2->ARR = clock_timer_ticks(wait_us - LOW_US) - 1u;
    R_TIM2->CR1 = R_TIM_CR1_OPM | R_TIM_CR1_CEN;
}

void stroke_take(uint64_t at_us) {
    start_us = at_us;
    waiting = true;
}

uint64_t stroke_hand_over_us(void) {
    return waiting ? (start_us - STROKE_HAND_OVER_US) : DOSE_NEVER;
}

bool stroke_clocked(void) {
    // The last period's end is TIM15's only update event.
    return busy && ((R_TIM15->SR & R_TIM_SR_UIF) == 0u);
}

bool stroke_playing(void) {
    return waiting || stroke_clocked();
}

// Makes sure that nothing triggers TIM15 any more, STEP is low and the motor off.
static void rest(void) {
    R_TIM2->CR1 = R_TIM_CR1_OPM;
    R_TIM15->SMCR = 0u;
    R_TIM15->CR1 = R_TIM_CR1_OPM | R_TIM_CR1_URS;
    R_TIM15->DIER = 0u;
    R_TIM15->CCMR1 = R_TIM_CCMR1_OC1M_FORCE_LOW;
    R_TIM15->SR = 0u;
    channel()->CCR = 0u;
    motor(false);
    R_TIM6->CR1 = R_TIM_CR1_OPM | R_TIM_CR1_URS;
    cut_channel()->CCR = 0u;
    busy = false;
}

// Has TIM2, which started at the edge of a tick, counted a tick's length by the next one?
static bool in_step(void) {
    (void)clock_edge();
    const uint32_t counts = R_TIM2->CNT;
    return (counts >= TICK_COUNTS_MIN) && (counts <= TICK_COUNTS_MAX);
}

void stroke_hand_over(void) {
    bool played = false;
    waiting = false;
    prepare();
    // The timers count from the edge of a tick on, with a finer resolution than the clock.
    const uint64_t edge_us = clock_edge();
    if (start_us >= (edge_us + STROKE_SETTLE_US)) {
        start((uint32_t)(start_us - edge_us));
        played = in_step();
    }
    if (!played) {
        rest();
    }
}

void stroke_interrupt(void) {
    if (busy && !stroke_clocked()) {
        rest();
    }
}

uint32_t stroke_abort(void) {
    uint32_t done = 0u;
    waiting = false;
    if (busy) {
        const bool over = !stroke_clocked();
        R_TIM2->CR1 = R_TIM_CR1_OPM;
        R_TIM15->SMCR = 0u;
        R_TIM15->CR1 = R_TIM_CR1_OPM | R_TIM_CR1_URS;
        chip_barrier();
        // Every rising edge is a request to the DMA, which it has served a few cycles later.
        uint32_t left = channel()->CNDTR;
        for (uint32_t i = 0u; i < DMA_SETTLES_LOOKS; i++) {
            left = channel()->CNDTR;
        }
        done = over ? 0u : (step_count - left);
        rest();
    }
    return done;
}
