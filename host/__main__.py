"""`python -m host` is the `pump` command."""

from host.cli import app

app(prog_name="pump")
