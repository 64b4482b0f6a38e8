"""Verdicts on raw strokes, made without anything of the firmware or the dose core."""
