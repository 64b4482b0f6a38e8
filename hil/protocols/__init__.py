"""What the bench can run: each protocol measures or judges one thing of a pump."""
