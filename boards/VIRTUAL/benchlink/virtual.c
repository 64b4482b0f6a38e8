// virtual.c: the VIRTUAL board's hardware: a clock in logical time, a stroke timer, a motor, a stroke sensor, an ADC
// and a UART, all at the other end of the bench link. idle() does here, in C and without Python, what interrupts do on
// a board.
//
// Without a bench (attach() not called) time simply jumps to the end of each idle(), and strokes confirm themselves.
#include "virtual.h"

#include <string.h>
#include <unistd.h>

#include "../board/service.h"
#include "benchlink.h"
#include "dosecore.h"
#include "exchange.h"
#include "py/runtime.h"

// The exit code from which the bench's report says whose fault it was.
#define EXIT_AWAKE_FOR_EVER 6
// How often the supervisor may ask for a time that has passed without anything having happened. Once is a deadline that
// came while it worked. A deadline that stays in the past would hang the bench in logical time, and drain a board's
// battery.
#define TURNS_WITHOUT_TIME 1000

board_t board = {.stroke_end_us = DOSE_NEVER};

uint64_t virtual_now_us(void) {
    return board.now_us;
}

uint64_t virtual_bench_us(void) {
    return board.now_us - board.ahead_us;
}

uint64_t virtual_exchanges(void) {
    return board.exchanges;
}

// When the hardware or Python must act next.
static uint64_t next_wake_us(const core_t *core, uint64_t until_us, uint64_t retry_us) {
    uint64_t hardware_us = board.stroke_end_us;
    if (hardware_us == DOSE_NEVER) {
        hardware_us = core_next_us(core);
        hardware_us = (hardware_us < retry_us) ? retry_us : hardware_us;
    }
    return (hardware_us < until_us) ? hardware_us : until_us;
}

// Lets time pass up to wake_us, or less if the bench has an event. Returns the reply's flags.
static uint8_t sleep_until(uint64_t wake_us) {
    uint8_t seen = 0u;
    if (!board.attached) {
        board.now_us = (wake_us > board.now_us) ? wake_us : board.now_us;
        board.flags = 0u;
        seen = (board.now_us >= board.stroke_end_us) ? BENCHLINK_EDGE : 0u;
    } else if ((wake_us > board.now_us) || (board.flags != 0u) || (board.to_send != 0u)) {
        exchange_send(BENCHLINK_IDLE, wake_us - board.ahead_us);
        seen = exchange_receive();
    } else {
        seen = 0u;  // nothing to wait for and nothing to report: no exchange
    }
    return seen;
}

// Does the work of a board's interrupts: sensor edge, end of burst, stroke timer. Returns the events that Python must
// see.
static uint32_t interrupts(core_t *core, uint8_t seen) {
    uint32_t events = 0u;
    const bool edge = (seen & BENCHLINK_EDGE) != 0u;
    if (edge && !board.edge_to_come) {
        core_stroke_confirmed(core);
    }
    board.edge_to_come = board.edge_to_come && !edge;
    if ((board.stroke_end_us != DOSE_NEVER) && (edge || (board.now_us >= board.stroke_end_us))) {
        core_stroke_ended(core);
        board.stroke_end_us = DOSE_NEVER;
        board.end_counts = board.pressure_counts;
        board.confirmed = edge;
        events |= EVENT_STROKE;
    }
    const core_action_t action = core_service(core, board.now_us);
    if (action == CORE_STROKE) {
        // Logical time stands still until the next request carries the stroke to the motor.
        board.stroke_end_us = board.now_us + board.burst_us + SERVICE_CONFIRM_WINDOW_US;
        board.flags |= BENCHLINK_STROKE;
        board.before_counts = board.pressure_counts;
        board.cut = false;
        board.edge_to_come = false;
    } else if (action == CORE_WITHHELD) {
        events |= EVENT_WITHHELD;
    } else if (action == CORE_FAULT) {
        events |= EVENT_FAULT;
    }
    return events;
}

// Ends a board whose supervisor would never sleep again, and says what it asks for.
static void need_progress(bool none, uint64_t until_us) {
    board.turns = none ? (board.turns + 1u) : 0u;
    if (board.turns > TURNS_WITHOUT_TIME) {
        (void)dprintf(STDERR_FILENO, "its deadline, %llu us, stays over: it is %llu us\n", (unsigned long long)until_us,
                      (unsigned long long)board.now_us);
        _exit(EXIT_AWAKE_FOR_EVER);
    }
}

// idle(core, until_us) -> events. Promises the core to be back at until_us, at most an hour from now, and sleeps until
// then or until something happens that Python must see; strokes start and are confirmed here, without Python. On return
// the core has entered what happened.
static mp_obj_t virtual_idle(mp_obj_t core_object, mp_obj_t until_object) {
    core_t *core = dosecore_get(core_object);
    const uint64_t until_us = dosecore_get_u64(until_object);
    board.steps = dosecore_steps(core_object);
    board.burst_us = dosecore_burst_us(core_object);
    uint64_t retry_us = 0u;
    const uint64_t from_us = board.now_us;
    uint32_t events = board.events | (board.stopped ? EVENT_STOP : 0u);
    board.core = core;
    board.events = 0u;
    if (!core_promise(core, board.now_us, until_us)) {
        mp_raise_ValueError(MP_ERROR_TEXT("idle: the deadline must lie within the next hour"));
    }
    while (events == 0u) {
        // Bytes that the last poll left behind are already there: no time passes, but the interrupts get their turn.
        const uint64_t wake_us = (board.received != 0u) ? board.now_us : next_wake_us(core, until_us, retry_us);
        board.flags |= BENCHLINK_SENSE;  // a stroke starts or ends and is sampled, or Python runs next and may read
        const uint8_t seen = sleep_until(wake_us);
        events |= interrupts(core, seen);
        if ((board.stroke_end_us == DOSE_NEVER) && (core_next_us(core) <= board.now_us)) {
            retry_us = board.now_us + SERVICE_RETRY_US;
        }
        if (board.received != 0u) {
            events |= EVENT_UART;
        }
        if (board.now_us >= until_us) {
            events |= EVENT_TIME;
        }
        if ((seen & BENCHLINK_STOP) != 0u) {
            board.stopped = true;
            events |= EVENT_STOP;
        }
    }
    need_progress((board.now_us == from_us) && (events == EVENT_TIME), until_us);
    (void)core_settle(core, board.now_us);  // logical time never runs back, so it is not refused
    return MP_OBJ_NEW_SMALL_INT(events);
}
static MP_DEFINE_CONST_FUN_OBJ_2(idle_obj, virtual_idle);

// attach(from_bench_fd, to_bench_fd): joins the bench.
static mp_obj_t virtual_attach(mp_obj_t from_bench, mp_obj_t to_bench) {
    board.from_bench = mp_obj_get_int(from_bench);
    board.to_bench = mp_obj_get_int(to_bench);
    board.attached = true;
    exchange_send(BENCHLINK_HELLO, BENCHLINK_VERSION);
    (void)exchange_receive();
    // A chip's counter starts at power-up, whatever the time may be.
    board.ahead_us -= board.now_us;
    board.now_us = 0u;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(attach_obj, virtual_attach);

// bye(): the last message to the bench, so that a crash cannot look like a clean end.
static mp_obj_t virtual_bye(void) {
    if (board.attached) {
        board.flags = 0u;
        exchange_send(BENCHLINK_BYE, virtual_bench_us());
        board.attached = false;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(bye_obj, virtual_bye);

// now_us() -> logical time, µs
static mp_obj_t virtual_now(void) {
    return dosecore_new_u64(board.now_us);
}
static MP_DEFINE_CONST_FUN_OBJ_0(now_obj, virtual_now);

// advance(us): moves device time on, to continue that before the reset. Before the first idle().
static mp_obj_t virtual_advance(mp_obj_t us_object) {
    const uint64_t us = dosecore_get_u64(us_object);
    board.now_us += us;
    board.ahead_us += us;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(advance_obj, virtual_advance);

// pressure_counts() -> the ADC's last conversion
static mp_obj_t virtual_pressure_counts(void) {
    return MP_OBJ_NEW_SMALL_INT(board.pressure_counts);
}
static MP_DEFINE_CONST_FUN_OBJ_0(pressure_counts_obj, virtual_pressure_counts);

// presence() -> whether somebody is at the device
static mp_obj_t virtual_presence(void) {
    return mp_obj_new_bool(board.presence);
}
static MP_DEFINE_CONST_FUN_OBJ_0(presence_obj, virtual_presence);

// stroke_readings() -> readings of the latest stroke: the pressure before it in bits 0-11, at its end in bits 12-23,
// and in bit 24 whether the stroke sensor saw it; -1 without a bench, when there is no pressure. A small integer, so
// nothing is allocated.
static mp_obj_t virtual_stroke_readings(void) {
    const uint32_t seen = board.confirmed ? (UINT32_C(1) << 24) : 0u;
    const uint32_t packed = (board.before_counts & 0xFFFu) | ((board.end_counts & 0xFFFu) << 12) | seen;
    return MP_OBJ_NEW_SMALL_INT((board.attached && !board.cut) ? (mp_int_t)packed : -1);
}
static MP_DEFINE_CONST_FUN_OBJ_0(stroke_readings_obj, virtual_stroke_readings);

// motor_stop(): aborts a burst; its stroke counts as delivered and is over, as with service_cut() on a board.
static mp_obj_t virtual_motor_stop(void) {
    if (board.stroke_end_us != DOSE_NEVER) {
        if (board.core->unconfirmed != 0u) {
            core_stroke_confirmed(board.core);
            board.edge_to_come = true;
        }
        core_stroke_ended(board.core);
        board.cut = true;
        board.events |= EVENT_STROKE;
        board.stroke_end_us = DOSE_NEVER;
        // A stroke not yet sent never began at the motor; one that was sent is cut short.
        board.flags = ((board.flags & BENCHLINK_STROKE) != 0u) ? 0u : BENCHLINK_ABORT;
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_0(motor_stop_obj, virtual_motor_stop);

// uart_read_into(buffer) -> bytes read
static mp_obj_t virtual_uart_read_into(mp_obj_t buffer) {
    mp_buffer_info_t into;
    mp_get_buffer_raise(buffer, &into, MP_BUFFER_WRITE);
    const uint32_t bytes = (into.len < board.received) ? (uint32_t)into.len : board.received;
    memcpy(into.buf, board.rx, bytes);
    memmove(board.rx, board.rx + bytes, board.received - bytes);
    board.received -= bytes;
    return MP_OBJ_NEW_SMALL_INT(bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(uart_read_into_obj, virtual_uart_read_into);

// uart_write(buffer, bytes) -> bytes taken; they leave with the next request
static mp_obj_t virtual_uart_write(mp_obj_t buffer, mp_obj_t bytes_object) {
    mp_buffer_info_t from;
    mp_get_buffer_raise(buffer, &from, MP_BUFFER_READ);
    const mp_int_t wanted = mp_obj_get_int(bytes_object);
    const uint32_t room = UART_BUFFER_BYTES - board.to_send;
    uint32_t bytes = ((wanted < 0) || ((size_t)wanted > from.len)) ? (uint32_t)from.len : (uint32_t)wanted;
    bytes = (bytes < room) ? bytes : room;
    memcpy(board.tx + board.to_send, from.buf, bytes);
    board.to_send += bytes;
    return MP_OBJ_NEW_SMALL_INT(bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_2(uart_write_obj, virtual_uart_write);

static const mp_rom_map_elem_t virtual_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_virtual)},
    {MP_ROM_QSTR(MP_QSTR_attach), MP_ROM_PTR(&attach_obj)},
    {MP_ROM_QSTR(MP_QSTR_bye), MP_ROM_PTR(&bye_obj)},
    {MP_ROM_QSTR(MP_QSTR_idle), MP_ROM_PTR(&idle_obj)},
    {MP_ROM_QSTR(MP_QSTR_now_us), MP_ROM_PTR(&now_obj)},
    {MP_ROM_QSTR(MP_QSTR_advance), MP_ROM_PTR(&advance_obj)},
    {MP_ROM_QSTR(MP_QSTR_pressure_counts), MP_ROM_PTR(&pressure_counts_obj)},
    {MP_ROM_QSTR(MP_QSTR_presence), MP_ROM_PTR(&presence_obj)},
    {MP_ROM_QSTR(MP_QSTR_stroke_readings), MP_ROM_PTR(&stroke_readings_obj)},
    {MP_ROM_QSTR(MP_QSTR_motor_stop), MP_ROM_PTR(&motor_stop_obj)},
    {MP_ROM_QSTR(MP_QSTR_uart_read_into), MP_ROM_PTR(&uart_read_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_uart_write), MP_ROM_PTR(&uart_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_EVENT_TIME), MP_ROM_INT(EVENT_TIME)},
    {MP_ROM_QSTR(MP_QSTR_EVENT_STROKE), MP_ROM_INT(EVENT_STROKE)},
    {MP_ROM_QSTR(MP_QSTR_EVENT_UART), MP_ROM_INT(EVENT_UART)},
    {MP_ROM_QSTR(MP_QSTR_EVENT_WITHHELD), MP_ROM_INT(EVENT_WITHHELD)},
    {MP_ROM_QSTR(MP_QSTR_EVENT_FAULT), MP_ROM_INT(EVENT_FAULT)},
    {MP_ROM_QSTR(MP_QSTR_EVENT_STOP), MP_ROM_INT(EVENT_STOP)},
};
static MP_DEFINE_CONST_DICT(virtual_globals, virtual_globals_table);

const mp_obj_module_t virtual_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&virtual_globals,
};
MP_REGISTER_MODULE(MP_QSTR_virtual, virtual_module);
