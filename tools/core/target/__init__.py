"""The dose core on emulated Cortex-M0, M3, M4 and M33: the same calls, the same memory as on the host."""
