"""Gates on the session of the programmer link. Each is a make target."""
