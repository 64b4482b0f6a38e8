// module.c: the C module `hardware` of every board that is a pump: idle(), clock, motor, pressure, annunciator and
// programmer link for board.py. It only checks arguments; the chip's folder implements the functions of hardware.h.
#include "../micropython/dosecore.h"
#include "bus.h"
#include "early.h"
#include "hardware.h"
#include "image.h"
#include "interrupts.h"
#include "link.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "service.h"
#include "start.h"
#include "stroke.h"

// Keeps the garbage collector from freeing the core that the interrupt uses.
MP_REGISTER_ROOT_POINTER(mp_obj_t releve_core);

// The flags with which the port runs frozen code and allows Ctrl-C: only main.py has them
// (EXEC_FLAG_SOURCE_IS_RAW_CODE).
#define MAIN_PY (1u << 3u)
#define CONSOLE_TONE_MS 50u
// After a stroke the sensor's pulse may last. Assumption: a second is enough for any.
#define SENSOR_REST_US 1000000u
// The time that the console's last 32 bytes take.
#define LAST_WORDS_MS 10u

// Raises RuntimeError before setup(), when no interrupt can end a sleep or a tone and there is no link to the
// programmer.
static void need_setup(void) {
    if (!interrupts_ready()) {
        mp_raise_msg(&mp_type_RuntimeError, MP_ERROR_TEXT("setup() first"));
    }
}

// setup(): claims and starts the hardware; again after a soft reset or before another pump. RuntimeError says what is
// wrong with it.
static mp_obj_t hardware_setup(void) {
    const char *wrong = hardware_start();
    if (wrong != NULL) {
        mp_raise_msg_varg(&mp_type_RuntimeError, MP_ERROR_TEXT("%s"), wrong);
    }
    MP_STATE_PORT(releve_core) = MP_OBJ_NULL;  // the interrupt has forgotten it, so the heap may have it back
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(setup_obj, hardware_setup);

// idle(core, until_us) -> events. Promises the core to be back at until_us, at most an hour from now, and sleeps until
// then or until something happens that Python must see. On return the core has entered everything that happened.
static mp_obj_t hardware_idle(mp_obj_t core_object, mp_obj_t until_object) {
    need_setup();
    core_t *core = dosecore_get(core_object);
    const uint64_t until_us = dosecore_get_u64(until_object);
    uint32_t events = 0u;
    if (MP_STATE_PORT(releve_core) != core_object) {
        uint16_t period_us[MOTION_STEPS_MAX];
        while (stroke_playing()) {
            // The last stroke before a soft reset is over within a second.
        }
        interrupts_plan(dosecore_plan(core_object, period_us), period_us, dosecore_burst_us(core_object));
        MP_STATE_PORT(releve_core) = core_object;
    }
    if (!interrupts_sleep(core, until_us)) {
        mp_raise_ValueError(MP_ERROR_TEXT("idle: the deadline must lie within the next hour"));
    }
    do {
        events = hardware_sleep() ? EVENT_UART : 0u;
        mp_handle_pending(true);  // Ctrl-C from the console
    } while ((events | interrupts_events()) == 0u);
    return MP_OBJ_NEW_SMALL_INT(events | interrupts_wake());
}
static MP_DEFINE_CONST_FUN_OBJ_2(idle_obj, hardware_idle);

// now_us() -> device time as the supervisor sees it, µs
static mp_obj_t hardware_now(void) {
    return dosecore_new_u64(interrupts_now_us());
}
static MP_DEFINE_CONST_FUN_OBJ_0(now_obj, hardware_now);

// counter_us() -> device time as the chip counts it, µs; it never waits
static mp_obj_t hardware_counter(void) {
    return dosecore_new_u64(interrupts_counter_us());
}
static MP_DEFINE_CONST_FUN_OBJ_0(counter_obj, hardware_counter);

// advance(us): moves device time on, to continue that before the reset. Before the first idle().
static mp_obj_t hardware_advance(mp_obj_t us) {
    interrupts_advance(dosecore_get_u64(us));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(advance_obj, hardware_advance);

// motor_stop() -> steps done of the burst cut short, 0 if none was; its stroke counts as delivered and is over.
static mp_obj_t hardware_motor_stop(void) {
    return MP_OBJ_NEW_SMALL_INT(interrupts_motor_stop());
}
static MP_DEFINE_CONST_FUN_OBJ_0(motor_stop_obj, hardware_motor_stop);

// stroke_readings() -> readings of the latest stroke: the pressure before it in bits 0-11, at its end in bits 12-23,
// and in bit 24 whether the stroke sensor saw it; -1 if they could not be read in time. A small integer, so nothing is
// allocated.
static mp_obj_t hardware_stroke_readings(void) {
    const uint32_t packed = interrupts_readings();
    return MP_OBJ_NEW_SMALL_INT(((packed & SERVICE_NO_READINGS) != 0u) ? -1 : (mp_int_t)packed);
}
static MP_DEFINE_CONST_FUN_OBJ_0(stroke_readings_obj, hardware_stroke_readings);

// stroke_ended_us() -> device time at which the burst of the latest stroke ended, µs
static mp_obj_t hardware_stroke_ended(void) {
    return dosecore_new_u64(interrupts_ended_us());
}
static MP_DEFINE_CONST_FUN_OBJ_0(stroke_ended_obj, hardware_stroke_ended);

// lead_us() -> how far device time runs ahead of the hardware's clock, µs
static mp_obj_t hardware_lead(void) {
    return MP_OBJ_NEW_SMALL_INT(interrupts_lead_us);
}
static MP_DEFINE_CONST_FUN_OBJ_0(lead_obj, hardware_lead);

// tone(ms): switches annunciator and light on for 1 to 60 000 ms; they go off by themselves
static mp_obj_t hardware_tone(mp_obj_t ms_object) {
    const mp_int_t ms = mp_obj_get_int(ms_object);
    if ((ms < 1) || (ms > 60000)) {
        mp_raise_ValueError(MP_ERROR_TEXT("tone: 1 to 60000 ms"));
    }
    need_setup();
    interrupts_tone((uint32_t)ms * 1000u);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(tone_obj, hardware_tone);

// uart_read_into(buffer) -> bytes read
static mp_obj_t hardware_uart_read_into(mp_obj_t buffer) {
    mp_buffer_info_t into;
    mp_get_buffer_raise(buffer, &into, MP_BUFFER_WRITE);
    need_setup();
    return MP_OBJ_NEW_SMALL_INT(link_read(into.buf, (uint32_t)into.len));
}
static MP_DEFINE_CONST_FUN_OBJ_1(uart_read_into_obj, hardware_uart_read_into);

// uart_write(buffer, bytes) -> bytes taken
static mp_obj_t hardware_uart_write(mp_obj_t buffer, mp_obj_t bytes_object) {
    mp_buffer_info_t from;
    mp_get_buffer_raise(buffer, &from, MP_BUFFER_READ);
    const mp_int_t wanted = mp_obj_get_int(bytes_object);
    need_setup();
    const size_t bytes = ((wanted < 0) || ((size_t)wanted > from.len)) ? from.len : (size_t)wanted;
    return MP_OBJ_NEW_SMALL_INT(link_write(from.buf, (uint32_t)bytes));
}
static MP_DEFINE_CONST_FUN_OBJ_2(uart_write_obj, hardware_uart_write);

// image() -> SHA-256 of the image, 32 bytes, as computed by the build
static mp_obj_t image_digest(void) {
    return mp_obj_new_bytes(releve_image_digest, IMAGE_DIGEST_BYTES);
}
static MP_DEFINE_CONST_FUN_OBJ_0(image_obj, image_digest);

// flash() -> (the image, place of its SHA-256 in it)
static mp_obj_t hardware_flash(void) {
    const uint8_t *first = NULL;
    const uint32_t bytes = hardware_image(&first);
    mp_obj_t items[2] = {
        mp_obj_new_memoryview('B', bytes, (void *)first),
        mp_obj_new_int_from_uint((uint32_t)(releve_image_digest - first)),
    };
    return mp_obj_new_tuple(2, items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(flash_obj, hardware_flash);

// free_bus() -> whether the I2C bus was stuck, with a device holding its data line low, and is free now
static mp_obj_t hardware_free_bus(void) {
    return mp_obj_new_bool(bus_free());
}
static MP_DEFINE_CONST_FUN_OBJ_0(free_bus_obj, hardware_free_bus);

// watchdog_on() -> whether the watchdog resets the chip when the supervisor breaks its promise
static mp_obj_t hardware_watchdog_on(void) {
    return mp_obj_new_bool(interrupts_watched());
}
static MP_DEFINE_CONST_FUN_OBJ_0(watchdog_on_obj, hardware_watchdog_on);

// sensor_line() -> whether the stroke sensor's line is high although no stroke has been made for a second
static mp_obj_t hardware_sensor_line(void) {
    need_setup();
    const uint64_t ended_us = interrupts_ended_us();
    const bool rested = (ended_us == 0u) || ((interrupts_counter_us() - ended_us) >= SENSOR_REST_US);
    return mp_obj_new_bool(rested && !stroke_playing() && hardware_sensor_is_high());
}
static MP_DEFINE_CONST_FUN_OBJ_0(sensor_line_obj, hardware_sensor_line);

// ended() -> the cause of the reset, a start_cause_t
static mp_obj_t hardware_ended(void) {
    return MP_OBJ_NEW_SMALL_INT(start_ended());
}
static MP_DEFINE_CONST_FUN_OBJ_0(ended_obj, hardware_ended);

// crashed() -> (pc, lr, xpsr, status) of the HardFault that ended the run before; None if none did
static mp_obj_t hardware_crashed(void) {
    const start_crash_t *crash = start_crashed();
    if ((crash->pc | crash->lr | crash->psr | crash->status) == 0u) {
        return mp_const_none;
    }
    mp_obj_t items[4] = {
        mp_obj_new_int_from_uint(crash->pc),
        mp_obj_new_int_from_uint(crash->lr),
        mp_obj_new_int_from_uint(crash->psr),
        mp_obj_new_int_from_uint(crash->status),
    };
    return mp_obj_new_tuple(4, items);
}
static MP_DEFINE_CONST_FUN_OBJ_0(crashed_obj, hardware_crashed);

void dosecore_mask(void) {
    interrupts_mask();
}

void dosecore_unmask(void) {
    interrupts_unmask();
}

void releve_soft_reset(void) {
    interrupts_forget();
    MP_STATE_PORT(releve_core) = MP_OBJ_NULL;
}

void releve_before_python(uint32_t flags) {
    if (flags == MAIN_PY) {
        interrupts_watchdog_on();  // before a soft reset the console may have switched it off
#if MICROPY_GC_SPLIT_HEAP
        uint8_t *end = NULL;
        uint8_t *first = hardware_more_heap(&end);
        gc_add(first, end);
#endif
    }
}

// A person has taken the board over: signal it by a tone and a line on the console.
static void taken(void) {
    interrupts_watchdog_off();
    start_taken();
    early_sound(true);
    early_wait_ms(CONSOLE_TONE_MS);
    early_sound(false);
    mp_hal_stdout_tx_str("\r\nThe pump is stopped: motor and watchdog are off.\r\n");
}

void releve_after_python(uint32_t flags, void *raised) {
    if (flags == MAIN_PY) {
        interrupts_forget();
        (void)interrupts_motor_stop();
        if (!RELEVE_RELEASE && (raised != NULL) &&
            mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(mp_obj_get_type(MP_OBJ_FROM_PTR(raised))),
                                    MP_OBJ_FROM_PTR(&mp_type_KeyboardInterrupt))) {
            taken();
        } else {
            // The pump never ends by itself. Wait until its last console output has been sent.
            early_wait_ms(LAST_WORDS_MS);
            start_anew(START_PYTHON);
        }
    }
}

void releve_fatal_error(const char *message) {
    mp_hal_stdout_tx_str(message);
    early_wait_ms(LAST_WORDS_MS);
    start_anew(START_FATAL);
}

static const mp_rom_map_elem_t hardware_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_hardware)},
    {MP_ROM_QSTR(MP_QSTR_setup), MP_ROM_PTR(&setup_obj)},
    {MP_ROM_QSTR(MP_QSTR_idle), MP_ROM_PTR(&idle_obj)},
    {MP_ROM_QSTR(MP_QSTR_now_us), MP_ROM_PTR(&now_obj)},
    {MP_ROM_QSTR(MP_QSTR_counter_us), MP_ROM_PTR(&counter_obj)},
    {MP_ROM_QSTR(MP_QSTR_advance), MP_ROM_PTR(&advance_obj)},
    {MP_ROM_QSTR(MP_QSTR_motor_stop), MP_ROM_PTR(&motor_stop_obj)},
    {MP_ROM_QSTR(MP_QSTR_stroke_readings), MP_ROM_PTR(&stroke_readings_obj)},
    {MP_ROM_QSTR(MP_QSTR_stroke_ended_us), MP_ROM_PTR(&stroke_ended_obj)},
    {MP_ROM_QSTR(MP_QSTR_lead_us), MP_ROM_PTR(&lead_obj)},
    {MP_ROM_QSTR(MP_QSTR_tone), MP_ROM_PTR(&tone_obj)},
    {MP_ROM_QSTR(MP_QSTR_uart_read_into), MP_ROM_PTR(&uart_read_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_uart_write), MP_ROM_PTR(&uart_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_image), MP_ROM_PTR(&image_obj)},
    {MP_ROM_QSTR(MP_QSTR_flash), MP_ROM_PTR(&flash_obj)},
    {MP_ROM_QSTR(MP_QSTR_free_bus), MP_ROM_PTR(&free_bus_obj)},
    {MP_ROM_QSTR(MP_QSTR_watchdog_on), MP_ROM_PTR(&watchdog_on_obj)},
    {MP_ROM_QSTR(MP_QSTR_sensor_line), MP_ROM_PTR(&sensor_line_obj)},
    {MP_ROM_QSTR(MP_QSTR_ended), MP_ROM_PTR(&ended_obj)},
    {MP_ROM_QSTR(MP_QSTR_crashed), MP_ROM_PTR(&crashed_obj)},
};
static MP_DEFINE_CONST_DICT(hardware_globals, hardware_globals_table);

const mp_obj_module_t hardware_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&hardware_globals,
};
MP_REGISTER_MODULE(MP_QSTR_hardware, hardware_module);
