"""The `pump-bench` command begins here; also `python -m hil`."""

from __future__ import annotations

from collections.abc import Callable

from host.begin import begin


def _load() -> Callable[[], object]:
    from hil import cli  # here, where Ctrl-C ends it quietly

    return cli.main


def main() -> None:
    """Run `pump-bench`."""
    begin(_load)


if __name__ == "__main__":
    main()
