"""The session's gates on the target: the same sessions in emulated Cortex-M processors, and their cost."""
