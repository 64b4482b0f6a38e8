// registers.h: the registers of the STM32L475, L476, L496 and L4A6 that this module touches, and no others.
//
// Addresses, offsets and bit names as in ST's reference manual RM0351 (memory map: section 2.2; Cortex-M4: ARM DDI
// 0403). Our own, so that the module compiles and runs on an emulated Cortex-M4 without ST's headers; where
// MicroPython's port is built with them, agree.c compares the two at compile time. Names carry R_, so that both can be
// included.
#ifndef RELEVE_STM32_REGISTERS_H
#define RELEVE_STM32_REGISTERS_H

#include <stdint.h>

typedef volatile uint32_t reg_t;

typedef struct {
    reg_t CR1, CR2, SMCR, DIER, SR, EGR, CCMR1, CCMR2, CCER, CNT, PSC, ARR, RCR, CCR1, CCR2, CCR3, CCR4, BDTR;
} reg_tim_t;
#define R_TIM2 ((reg_tim_t *)0x40000000u)
#define R_TIM6 ((reg_tim_t *)0x40001000u)
#define R_TIM15 ((reg_tim_t *)0x40014000u)
#define R_TIM_CR1_CEN (1u << 0u)
#define R_TIM_CR1_URS (1u << 2u)
#define R_TIM_CR1_OPM (1u << 3u)
#define R_TIM_CR2_MMS_UPDATE (2u << 4u)
#define R_TIM_SMCR_SMS_TRIGGER 6u
#define R_TIM_SMCR_TS_SHIFT 4u
#define R_TIM_DIER_UIE (1u << 0u)
#define R_TIM_DIER_UDE (1u << 8u)
#define R_TIM_DIER_CC1DE (1u << 9u)
#define R_TIM_SR_UIF (1u << 0u)
#define R_TIM_EGR_UG (1u << 0u)
#define R_TIM_CCMR1_OC1M_FORCE_LOW (4u << 4u)
#define R_TIM_CCMR1_OC1M_PWM2 (7u << 4u)
#define R_TIM_CCER_CC1E (1u << 0u)
#define R_TIM_BDTR_MOE (1u << 15u)

typedef struct {
    reg_t ISR, ICR, IER, CFGR, CR, CMP, ARR, CNT;
} reg_lptim_t;
#define R_LPTIM1 ((reg_lptim_t *)0x40007c00u)
#define R_LPTIM_ISR_CMPM (1u << 0u)
#define R_LPTIM_ISR_CMPOK (1u << 3u)
#define R_LPTIM_ISR_ARROK (1u << 4u)
#define R_LPTIM_CR_ENABLE (1u << 0u)
#define R_LPTIM_CR_CNTSTRT (1u << 2u)

typedef struct {
    reg_t CCR, CNDTR, CPAR, CMAR, RESERVED;
} reg_dma_channel_t;
typedef struct {
    reg_t ISR, IFCR;
    reg_dma_channel_t CHANNEL[7];  // channels 1 to 7
    reg_t RESERVED[5];
    reg_t CSELR;
} reg_dma_t;
#define R_DMA1 ((reg_dma_t *)0x40020000u)
#define R_DMA2 ((reg_dma_t *)0x40020400u)
#define R_DMA_CCR_EN (1u << 0u)
#define R_DMA_CCR_TCIE (1u << 1u)
#define R_DMA_CCR_HTIE (1u << 2u)
#define R_DMA_CCR_DIR (1u << 4u)  // from memory
#define R_DMA_CCR_CIRC (1u << 5u)
#define R_DMA_CCR_MINC (1u << 7u)
#define R_DMA_CCR_PSIZE_32 (2u << 8u)
#define R_DMA_CCR_MSIZE_16 (1u << 10u)
#define R_DMA_CCR_MSIZE_32 (2u << 10u)
#define R_DMA_CCR_PL_HIGHEST (3u << 12u)
// Flags of channel n (1 to 7) in ISR and IFCR: global, complete, half, error.
#define R_DMA_FLAGS(n) (15u << (4u * ((n) - 1u)))
#define R_DMA_SELECT(n, request) ((request) << (4u * ((n) - 1u)))

typedef struct {
    reg_t CR1, CR2, CR3, BRR, GTPR, RTOR, RQR, ISR, ICR, RDR, TDR;
} reg_usart_t;
#define R_USART1 ((reg_usart_t *)0x40013800u)
#define R_USART2 ((reg_usart_t *)0x40004400u)
#define R_USART3 ((reg_usart_t *)0x40004800u)
#define R_UART4 ((reg_usart_t *)0x40004c00u)
#define R_USART_CR1_UE (1u << 0u)
#define R_USART_CR1_RE (1u << 2u)
#define R_USART_CR1_TE (1u << 3u)
#define R_USART_CR1_IDLEIE (1u << 4u)
#define R_USART_CR1_CMIE (1u << 14u)
#define R_USART_CR2_ADDM7 (1u << 4u)
#define R_USART_CR3_DMAR (1u << 6u)
#define R_USART_CR3_DMAT (1u << 7u)
#define R_USART_CR3_OVRDIS (1u << 12u)
#define R_USART_ISR_TC (1u << 6u)
// Parity, framing, noise, overrun, idle, end of transmission, character match: all that ICR clears and this module
// sees.
#define R_USART_ICR_ALL ((15u << 0u) | (1u << 4u) | (1u << 6u) | (1u << 17u))

typedef struct {
    reg_t CR1, CR2;
} reg_i2c_t;
#define R_I2C1 ((reg_i2c_t *)0x40005400u)
#define R_I2C_CR1_PE (1u << 0u)

typedef struct {
    reg_t MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFR[2], BRR, ASCR;
} reg_gpio_t;
// The analogue switch: the L496 and L4A6 have none (RM0351, GPIOx_ASCR).
#if defined(STM32L496xx) || defined(STM32L4A6xx)
#define R_GPIO_HAS_ASCR 0
#else
#define R_GPIO_HAS_ASCR 1
#endif
#define R_GPIO(port) ((reg_gpio_t *)(0x48000000u + (0x400u * (port))))

typedef struct {
    reg_t IMR1, EMR1, RTSR1, FTSR1, SWIER1, PR1, RESERVED[2], IMR2;
} reg_exti_t;
#define R_EXTI ((reg_exti_t *)0x40010400u)
#define R_EXTI_IMR2_LPTIM1 (1u << 0u)  // line 32
// SYSCFG_EXTICR1 to 4: which port drives EXTI line n.
#define R_SYSCFG_EXTICR ((reg_t *)0x40010008u)

typedef struct {
    reg_t CR1, CR2, CR3, CR4, SR1, SR2, SCR;
} reg_pwr_t;
#define R_PWR ((reg_pwr_t *)0x40007000u)
#define R_PWR_CR1_LPMS 7u
#define R_PWR_CR1_LPMS_STOP2 2u
#define R_PWR_CR1_DBP (1u << 8u)

typedef struct {
    reg_t CR, ICSCR, CFGR, PLLCFGR, PLLSAI1CFGR, PLLSAI2CFGR, CIER, CIFR, CICR, RESERVED0, AHB1RSTR, AHB2RSTR, AHB3RSTR,
        RESERVED1, APB1RSTR1, APB1RSTR2, APB2RSTR, RESERVED2, AHB1ENR, AHB2ENR, AHB3ENR, RESERVED3, APB1ENR1, APB1ENR2,
        APB2ENR, RESERVED4, AHB1SMENR, AHB2SMENR, AHB3SMENR, RESERVED5, APB1SMENR1, APB1SMENR2, APB2SMENR, RESERVED6,
        CCIPR, RESERVED7, BDCR, CSR;
} reg_rcc_t;
#define R_RCC ((reg_rcc_t *)0x40021000u)
#define R_RCC_CR_MSIPLLEN (1u << 2u)
#define R_RCC_CR_PLLON (1u << 24u)
#define R_RCC_CR_PLLRDY (1u << 25u)
#define R_RCC_CFGR_SW_PLL 3u
#define R_RCC_CFGR_SWS (3u << 2u)
#define R_RCC_CFGR_SWS_PLL (3u << 2u)
#define R_RCC_CFGR_STOPWUCK (1u << 15u)
#define R_RCC_AHB1ENR_DMA1EN (1u << 0u)
#define R_RCC_AHB1ENR_DMA2EN (1u << 1u)
#define R_RCC_AHB2ENR_ADCEN (1u << 13u)
#define R_RCC_APB1ENR1_TIM2EN (1u << 0u)
#define R_RCC_APB1ENR1_TIM6EN (1u << 4u)
#define R_RCC_APB1ENR1_USART2EN (1u << 17u)
#define R_RCC_APB1ENR1_USART3EN (1u << 18u)
#define R_RCC_APB1ENR1_UART4EN (1u << 19u)
#define R_RCC_APB1ENR1_I2C1EN (1u << 21u)
#define R_RCC_APB1ENR1_PWREN (1u << 28u)
#define R_RCC_APB1ENR1_LPTIM1EN (1u << 31u)
#define R_RCC_APB2ENR_SYSCFGEN (1u << 0u)
#define R_RCC_APB2ENR_USART1EN (1u << 14u)
#define R_RCC_APB2ENR_TIM15EN (1u << 16u)
#define R_RCC_CCIPR_LPTIM1SEL_LSE (3u << 18u)
#define R_RCC_CCIPR_ADCSEL_SYSCLK (3u << 28u)
#define R_RCC_BDCR_LSEON (1u << 0u)
#define R_RCC_BDCR_LSERDY (1u << 1u)
#define R_RCC_CSR_RMVF (1u << 23u)
#define R_RCC_CSR_BORRSTF (1u << 27u)
#define R_RCC_CSR_SFTRSTF (1u << 28u)
#define R_RCC_CSR_IWDGRSTF (1u << 29u)

typedef struct {
    reg_t ISR, IER, CR, CFGR, CFGR2, SMPR1, SMPR2, RESERVED0, TR1, TR2, TR3, RESERVED1, SQR1, SQR2, SQR3, SQR4, DR;
} reg_adc_t;
#define R_ADC2 ((reg_adc_t *)0x50040100u)
#define R_ADC_ISR_ADRDY (1u << 0u)
#define R_ADC_ISR_EOC (1u << 2u)
#define R_ADC_CR_ADEN (1u << 0u)
#define R_ADC_CR_ADDIS (1u << 1u)
#define R_ADC_CR_ADSTART (1u << 2u)
#define R_ADC_CR_ADVREGEN (1u << 28u)
#define R_ADC_CR_ADCAL (1u << 31u)
#define R_ADC_SQR1_SQ1_SHIFT 6u

typedef struct {
    reg_t KR, PR, RLR, SR, WINR;
} reg_iwdg_t;
#define R_IWDG ((reg_iwdg_t *)0x40003000u)
#define R_IWDG_KR_START 0xccccu
#define R_IWDG_KR_FEED 0xaaaau
#define R_IWDG_KR_UNLOCK 0x5555u
#define R_IWDG_PR_64 4u

// Cortex-M4.
#define R_NVIC_ISER ((reg_t *)0xe000e100u)
#define R_NVIC_ICER ((reg_t *)0xe000e180u)
#define R_NVIC_ISPR ((reg_t *)0xe000e200u)
#define R_NVIC_IPR ((volatile uint8_t *)0xe000e400u)
#define R_SCB_VTOR ((reg_t *)0xe000ed08u)
#define R_SCB_AIRCR ((reg_t *)0xe000ed0cu)
#define R_SCB_AIRCR_RESET 0x05fa0004u
#define R_SCB_SCR ((reg_t *)0xe000ed10u)
#define R_SCB_SCR_SLEEPDEEP (1u << 2u)
#define R_SCB_ICSR ((reg_t *)0xe000ed04u)
#define R_SCB_ICSR_PENDSTCLR (1u << 25u)
#define R_SCB_CFSR ((reg_t *)0xe000ed28u)
#define R_SCB_CFSR_STACKING ((1u << 4u) | (1u << 12u))  // MSTKERR, STKERR
typedef struct {
    reg_t TYPE, CTRL, RNR, RBAR, RASR;
} reg_mpu_t;
#define R_MPU ((reg_mpu_t *)0xe000ed90u)
#define R_MPU_CTRL_ENABLE (1u << 0u)
#define R_MPU_CTRL_PRIVDEFENA (1u << 2u)
#define R_MPU_RBAR_VALID (1u << 4u)
#define R_MPU_RASR_ENABLE (1u << 0u)
#define R_MPU_RASR_SIZE_SHIFT 1u
#define R_MPU_RASR_XN (1u << 28u)
#define R_SYSTICK_CTRL ((reg_t *)0xe000e010u)
#define R_SYSTICK_CTRL_TICKINT (1u << 1u)

#define R_HARD_FAULT 3u  // exception number

// Interrupt numbers, RM0351 table 57.
#define R_IRQ_EXTI0 6u           // to EXTI4 10
#define R_IRQ_DMA1_CHANNEL1 11u  // to channel 7 17
#define R_IRQ_EXTI9_5 23u
#define R_IRQ_TIM15 24u
#define R_IRQ_USART1 37u
#define R_IRQ_USART2 38u
#define R_IRQ_USART3 39u
#define R_IRQ_EXTI15_10 40u
#define R_IRQ_UART4 52u
#define R_IRQ_DMA2_CHANNEL1 56u  // to channel 5 60
#define R_IRQ_LPTIM1 65u
#define R_IRQ_DMA2_CHANNEL6 68u
#define R_IRQ_DMA2_CHANNEL7 69u
#define R_IRQ_COUNT 82u  // the L496 and L4A6 have more, for devices that are never on

#endif
