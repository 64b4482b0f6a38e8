"""Proofs about the session's protocol, as Horn clauses for two first-order provers."""
