"""The `pump-bench` command begins here; also `python -m hil`."""

from __future__ import annotations

from host.begin import begin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def _load() -> Callable[[], object]:
    from hil import cli  # here, where Ctrl-C ends it quietly

    return cli.main


def main() -> None:
    """Run `pump-bench`."""
    begin(_load)


if __name__ == "__main__":
    main()
