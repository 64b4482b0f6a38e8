"""Proofs about the dose core: exact arithmetic, one-step induction, no undefined behaviour, contracts."""
