"""The dose core on emulated Cortex-M0, M0+ and M4: the same calls, the same memory as on the host."""
