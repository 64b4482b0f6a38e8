"""Texts of alarms and procedures, in English and French."""
