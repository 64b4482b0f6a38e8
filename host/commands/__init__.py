"""The commands of `pump`, by theme: each module has an `app` that host/cli.py puts into the one command line."""
