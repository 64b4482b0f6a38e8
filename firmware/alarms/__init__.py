"""The alarms: which are raised and latched, their tones, and the delivery that each stops."""
