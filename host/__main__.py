"""The `pump` command begins here; also `python -m host`."""

from __future__ import annotations

from host.begin import begin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def _load() -> Callable[[], object]:
    from host.cli import app  # here, where Ctrl-C ends it quietly

    return lambda: app(prog_name="pump")


def main() -> None:
    """Run `pump`."""
    begin(_load, insists=True)


if __name__ == "__main__":
    main()
