// The start of the stub boot ROM, at the offsets that the RP2040 datasheet gives (2.8.3): vectors, magic and version,
// and 16-bit pointers to the two tables and to the lookup function.
    .syntax unified
    .section .vectors, "a"
    .word 0x20042000
    .word rom_reset
    .word rom_halt
    .word rom_halt
    .byte 'M', 'u', 1, 2
    .hword rom_functions
    .hword rom_data
    .hword rom_table_lookup + 1
    .hword 0
