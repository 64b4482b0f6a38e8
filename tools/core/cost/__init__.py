"""What the dose core costs on Cortex-M0+: instructions, code, memory, stack."""
