"""The boards a bench can drive."""
