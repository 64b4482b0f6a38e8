"""The accuracy protocol on the bench that `--bench` names: every size of bolus, every basal rate, the same limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hil.bench import opener
from hil.protocols import accuracy
from hil.protocols.accuracy import all_jobs


@pytest.mark.req("HIL-1", "HIL-2", "HIL-7")
@pytest.mark.parametrize(
    "name",
    ["bolus-200mu", "bolus-5000mu", "bolus-30000mu"]
    + [f"basal-{rate}mu-per-h-typical" for rate in (200, 5000, 35000)]
    + ["long-1000mu-per-h"],
)
def test_the_protocol_passes(bench_kind: str, name: str, tmp_path: Path) -> None:
    jobs = [job for job in all_jobs() if job.name == name]
    status = accuracy.run(1, tmp_path, opener(bench_kind), workers=1, jobs=jobs, quiet=True)
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    failed = [each for each in results["measurements"] if each["verdict"] != "pass"]
    assert failed == []
    assert status == accuracy.EXIT_PASSED
