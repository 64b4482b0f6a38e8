"""What is wrong, told: the table of alarms at work, which are latched, tones, and what each stops."""
