"""Test protocols of the bench."""
