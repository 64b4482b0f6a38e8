"""Gates on the dose core: warnings, MISRA, sanitizers and fuzzing, coverage, mutation. Each is a make target."""
