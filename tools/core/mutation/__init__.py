"""Mutation of the dose core's C."""
