"""The protocols that the bench can run, each measuring or judging one property of a pump."""
