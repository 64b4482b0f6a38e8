"""Keeps what pytest says of each test of the suite, for the suite's page (hil/protocols/suite.py)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from hil.bench import Bench
from hil.errors import BenchError
from hil.protocols.said import ask
from hil.protocols.suite import Case, Suite

FAILED = pytest.StashKey[bool]()
SAID = pytest.StashKey[list[dict[str, Any]]]()
_LINES_OF_A_FAILURE = 12


def why(item: pytest.Item, benches: list[Bench], *, flagged: bool) -> None:
    """If a test has failed, or `flagged`, keep what its pumps say of it."""
    if not flagged and not item.stash.get(FAILED, False):
        return
    said = []
    for each in benches:
        try:
            said.append(ask(each.programmer))
        except BenchError as error:
            said.append({"silent": str(error)})
    item.stash[SAID] = said


def sent_along(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put on a report what the page shows beside it; with several processes it travels to the one that writes."""
    if report.failed:
        item.stash[FAILED] = True
    report.req = sorted({name for marker in item.iter_markers("req") for name in marker.args})  # type: ignore[attr-defined]
    about = getattr(getattr(item, "module", None), "__doc__", None) or ""
    report.about = " ".join(about.strip().split("\n\n")[0].split())  # type: ignore[attr-defined]
    report.said = item.stash.get(SAID, [])  # type: ignore[attr-defined]


class Recorder:
    """Hears of every test, and writes the page at the end of a run that was not broken off."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take in a part of a test: its set-up, itself, its end."""
        module, _, name = report.nodeid.partition("::")
        case = self._suite.cases.setdefault(
            report.nodeid, Case(module.rpartition("/")[2].removesuffix(".py"), report.about, name, req=report.req)
        )
        case.seconds += report.duration
        case.figures |= dict(report.user_properties)
        case.said = report.said or case.said
        case.worse(report.outcome, _reason(report))

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
        """Write the page, unless the run was broken off."""
        yield
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and self._suite.cases:
            page = self._suite.write()
            reporter = session.config.pluginmanager.get_plugin("terminalreporter")
            if reporter is not None:
                reporter.write_line(f"\n{page}")


def _reason(report: Any) -> str:
    """Why a test was skipped, or the lines that say what did not hold."""
    if report.skipped:
        where = report.longrepr
        return str(where[2]).removeprefix("Skipped: ") if isinstance(where, tuple) else ""
    lines = report.longreprtext.splitlines()
    told = [line[1:].strip() for line in lines if line.startswith("E ")] or lines[-1:]
    return "\n".join(told[:_LINES_OF_A_FAILURE])
