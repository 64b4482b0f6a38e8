"""The programmer link against MAVLink 2 and MCUmgr's SMP on the same noisy line. Simulated: no wire, no UART."""
