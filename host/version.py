"""The version of the programmer."""

__version__ = "0.1.0"  # pyproject.toml's; a test compares
