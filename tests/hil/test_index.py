"""build/index.html: every run that is there, none that is not, and no old verdict beside a run that broke."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hil.cli import app
from hil.protocols.occlusion.html import page as occlusion_page
from hil.report.figures import page, recorded
from hil.report.index import fresh, judged, rows_of, write_index
from hil.report.listed import RUNS
from hil.results.files import read_json, write_json
from hil.results.tested import Run

pytestmark = pytest.mark.req("HIL-6", "HIL-8")


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build").mkdir()
    return tmp_path / "build"


def results(**more: Any) -> dict[str, Any]:
    return {"run": Run().facts(board="VIRTUAL", bench="virtual", seed=7, command="make it")} | more


def verdicts(folder: Path) -> dict[str, str]:
    return {row.data: row.verdict for row in rows_of(folder)}


def test_every_run_is_listed_with_verdict_commit_and_date(build: Path) -> None:
    for run in RUNS:
        path = build / run.pattern.replace("*", "-x")
        path.parent.mkdir(exist_ok=True)
        if path.suffix == ".json":
            write_json(path, results(violations=0))
            (path.with_name("report.html") if path.parent != build else path.with_suffix(".html")).touch()
    write_json(build / "hil-virtual.json", results(results=[{"verdict": "pass"}] * 4))
    (build / "hil-virtual.html").touch()
    write_index(build)
    text = (build / "index.html").read_text(encoding="utf-8")
    assert set(verdicts(build).values()) == {"pass"}
    assert ">PASS</span>" in text and "not a medical device" in text
    links = re.findall(r'href="([^"]*)"', text)
    for link in links:
        assert link.startswith("data:") or (build / link).is_file()
    assert {"bench/report.html", "life/report.html", "powerloss.html", "hil-virtual.html"} <= set(links)
    facts = results()["run"]
    for words in (facts["tested"]["commit"][:12], facts["date"][:10], "VIRTUAL, virtual", "4 of 4"):
        assert words in text
    assert "Not run here" not in text


def test_one_failure_fails_the_page_and_what_was_not_run_is_said(build: Path) -> None:
    write_json(build / "powerloss.json", results(violations=0))
    write_json(build / "occlusion.json", results(measurements=[{"verdict": "pass"}, {"verdict": "fail"}]))
    write_index(build)
    text = unescape((build / "index.html").read_text(encoding="utf-8"))
    assert ">FAIL</span>" in text and "1 of 2 measurements" in text
    assert "make life" in text[text.index("Not run here") :]
    assert "make occlusion" not in text[text.index("Not run here") :]


def test_a_file_cut_short_is_no_pass(build: Path) -> None:
    (build / "powerloss.json").write_text('{"violations": 0', encoding="utf-8")
    (build / "hil-virtual.json").write_text('{"results": [', encoding="utf-8")
    assert set(verdicts(build).values()) == {"fail"}


def test_what_judges_nothing_has_no_verdict() -> None:
    assert judged({"figure": 1})[0] == "not judged"
    assert judged({"measurements": []})[0] == "fail"
    assert judged({"results": [{"verdict": "agrees"}, {"verdict": "disagrees"}]})[0] == "fail"


def test_an_old_pass_goes_when_a_run_begins_and_stays_gone_if_it_breaks(build: Path) -> None:
    old = build / "powerloss.json"
    write_json(old, results(violations=0))
    write_json(build / "speed.json", results(verdict="pass"))
    write_index(build)
    with pytest.raises(RuntimeError), recorded(Path("build/powerloss.json"), "powerloss"):
        text = (build / "index.html").read_text(encoding="utf-8")
        assert "powerloss.json" not in text and "speed.json" in text
        raise RuntimeError
    assert not old.exists() and not (build / "powerloss.html").exists()
    assert "powerloss.json" not in (build / "index.html").read_text(encoding="utf-8")


def test_the_last_result_gone_takes_the_index_with_it(build: Path) -> None:
    write_json(build / "powerloss.json", results(violations=0))
    write_index(build)
    with fresh(Path("build/powerloss.json")):
        assert not (build / "index.html").exists()


def test_results_elsewhere_have_no_index(build: Path, tmp_path: Path) -> None:
    with fresh(tmp_path / "elsewhere" / "powerloss.json"):
        pass
    assert list(tmp_path.rglob("index.html")) == []


def test_a_run_of_the_command_line_has_its_page_and_is_listed(build: Path) -> None:
    done = CliRunner().invoke(app, ["day", "--hours", "1", "--out", "build/day-virtual.json"])
    assert done.exit_code == 0, done.output
    figures = read_json(build / "day-virtual.json")
    assert (figures["verdict"], figures["run"]["tested"]["board"]) == ("pass", "VIRTUAL")
    assert "day-virtual.html" in (build / "index.html").read_text(encoding="utf-8")
    text = (build / "day-virtual.html").read_text(encoding="utf-8")
    assert figures["run"]["tested"]["image"] in text and "make day" in text


def test_a_page_of_figures_shows_what_went_wrong_first() -> None:
    figures = results(protocol="powerloss", verdict="fail", violations=2, violations_shown=["write 3: too few"])
    figures |= {"loads": [{"name": "idle", "steps": 5}], "machine": {"cores": 2}, "speed": 0.5}
    figures["failures"] = [{"where": "write 3", "what": ["too few"], "more": 1, "said": {"silent": "no answer"}}]
    text = page(figures)
    assert text.index("write 3: too few") < text.index('id="figures"')
    for words in ("and 1 more", "no answer", "machine: cores", "<td>idle</td>", ">FAIL</span>"):
        assert words in text


def test_a_fault_that_nobody_found_has_no_figures_on_the_page() -> None:
    none = dict.fromkeys(("median", "p99", "max"))
    row = {"fault": "air_lock", "mechanism": "implant", "stroke_nl": 500, "rate": "1 U/h", "right": 0, "runs": 3}
    judged_one = {"name": "detector.confusion", "value": 9, "unit": "%", "lower": None, "upper": 2, "uncertainty": 0}
    data = results(
        verdict="fail",
        measurements=[judged_one | {"req": "OCC-2", "kind": "detector", "verdict": "fail"}],
        spec={"runs": 3},
        detection=[row | {"strokes": none, "missed_u": none, "seconds": none}],
        confusion={"implant": {"all": {"air_lock": {"none": 3}}}},
        confused_runs=[{"truth": "air_lock", "verdict": "none"}],
        false_alarms={"coarse": {"found": 1, "patient_years": 2, "strokes": 3, "found_by_name": {"air_lock": 1}}},
        whole_firmware={"runs": 1, "differ": [{"case": 1}]},
    )
    text = unescape(occlusion_page(data))
    for words in ("none, none, none", "the whole firmware differs", "air lock 1", ">FAIL</span>", "0 of 1 judged"):
        assert words in text
    assert json.dumps(data)
