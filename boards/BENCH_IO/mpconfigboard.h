// Configuration of MicroPython for the BENCH_IO board.
#define MICROPY_HW_BOARD_NAME "Releve bench I/O on Raspberry Pi Pico"
#define MICROPY_HW_FLASH_STORAGE_BYTES (1408 * 1024)

// No USB: its interrupts would wake an idle board every millisecond. UART0 is the line to the host, UART1 the console.
#define MICROPY_HW_ENABLE_USBDEV (0)
#define MICROPY_HW_USB_CDC (0)
#define MICROPY_HW_ENABLE_UART_REPL (1)

#define MICROPY_PY_THREAD (0)
