"""What the port runs before everything else. There is no file system: nothing on the board can replace the program."""
