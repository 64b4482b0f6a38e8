"""What stands at a seam until somebody has been put there."""


def nobody(*what):
    """Nobody is told yet, and nothing speaks against it."""
