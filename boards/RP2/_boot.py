"""Run by the port before everything else. There is no file system, so nothing on the board can replace the firmware."""
