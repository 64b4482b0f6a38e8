"""The page on occlusion: its tables come from results, its words stay."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from hil.protocols.occlusion import jobs, page, run, whole_pump
from hil.protocols.occlusion.jobs import COARSE, FINE, TRUTH, make
from tools.docs.figures import KEPT, known, with_figures

PAGE = Path(__file__).resolve().parents[2] / "docs" / "occlusion.md"


@pytest.mark.req("OCC-1")
def test_every_table_of_the_page_is_made_from_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = product(TRUTH, jobs.RATES_MU_PER_H, (COARSE, FINE))
    some = [make(kind, "implant", rate, 10, 32_500, 1, quantum) for kind, rate, quantum in every]
    some += [make("occlusion", "syringe_mock", 0, 1200, 32_500, 1)]
    monkeypatch.setattr(jobs, "campaign", lambda seed, share: some)
    monkeypatch.setattr(whole_pump, "cases", lambda seed, share: [])
    out = tmp_path / "occlusion.json"
    run.run(1, out, patient_years=0.1, workers=1, say=lambda _: None)
    made = KEPT["occlusion"][1](json.loads(out.read_text(encoding="utf-8")))
    before = PAGE.read_text(encoding="utf-8")
    after = with_figures(before, known() | {"occlusion": known()["occlusion"] | made})
    assert set(made) == set(page.TABLES) == {name for name in made if f"<!--=occlusion.{name}-->" in before}
    assert "| implant | 500 nL | bolus | 1 | 2, 2, 2 |" in after
    assert "| implant | 125 nL | bolus | 1 |" in after
    plain = [line for line in before.splitlines() if not line.startswith("|")]
    assert [line for line in after.splitlines() if not line.startswith("|")] == plain
    nightly = KEPT["occlusion_nightly"][1](json.loads(out.read_text(encoding="utf-8")))
    assert nightly["healthy"].startswith("\n- 500 nL: 0.")


def test_times_are_written_for_people() -> None:
    assert [page.duration(seconds) for seconds in (4.32, 89.9, 240, 5215, 8985)] == [
        "4.3 s",
        "89.9 s",
        "4 min",
        "87 min",
        "2 h 30 min",
    ]
