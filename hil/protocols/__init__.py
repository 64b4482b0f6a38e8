"""Protocols that the bench can run. Each measures or judges one property of a pump."""
