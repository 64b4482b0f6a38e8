"""The dose core in C and its faces."""
