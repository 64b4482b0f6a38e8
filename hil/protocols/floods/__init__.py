"""Floods of every kind of request at line rate while a bolus runs."""
