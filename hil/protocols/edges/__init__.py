"""Step edges and stroke starts on the emulated Pico under load, and as the bench I/O board captures them."""
