"""Compiler warnings and MISRA C:2012 on the dose core."""
