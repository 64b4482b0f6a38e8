"""The boards that a bench can drive."""
