"""The `pump` command begins here; also `python -m host`."""

from __future__ import annotations

from collections.abc import Callable

from host.begin import begin


def _load() -> Callable[[], object]:
    from host.cli import app  # here, where Ctrl-C ends it quietly

    return lambda: app(prog_name="pump")


def main() -> None:
    """Run `pump`."""
    begin(_load, insists=True)


if __name__ == "__main__":
    main()
