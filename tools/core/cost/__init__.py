"""The cost of the dose core on Cortex-M0+: instructions, code, memory, stack."""
