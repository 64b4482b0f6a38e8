"""One look for every page: what was tested, why something failed, and that paper and narrow screens hide nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from hil.bench import open_named
from hil.plant import load_mechanism
from hil.protocols import accuracy
from hil.protocols.accuracy.jobs import all_jobs
from hil.protocols.accuracy.progress import Silence
from hil.protocols.life import run as life
from hil.protocols.life.drive import Life
from hil.protocols.life.page import page
from hil.protocols.said import failure
from hil.results import tested as stamp
from hil.results.tested import Run, checkout, core_digest, micropython_version

pytestmark = pytest.mark.req("HIL-6")
VIRTUAL = partial(open_named, "virtual")
JOBS = [job for job in all_jobs() if job.kind != "long" and job.pump == "typical"]
FACTS = ("Commit", "Image", "Dose core", "MicroPython", "Board, bench", "Seed", "Date", "Took")


def blocked() -> Any:
    """A mechanism whose catheter lets next to nothing through."""
    return load_mechanism().with_value("catheter_bore_um", 20)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    out = tmp_path_factory.mktemp("pages")
    run = partial(accuracy.run, 1, workers=1, progress=Silence(), quiet=True, bench="virtual", jobs=JOBS)
    assert run(out / "good", VIRTUAL) == 0
    assert run(out / "bad", VIRTUAL, blocked()) == 1
    life.run(1, out / "life", days=30)
    return {name: out / name / "report.html" for name in ("good", "bad", "life")}


def shown(path: Path) -> str:
    return unescape(re.sub(r"<[^>]*>", " ", path.read_text(encoding="utf-8")))


def test_every_page_says_what_was_tested(pages: dict[str, Path]) -> None:
    for path in pages.values():
        data = json.loads((path.parent / ("summary.json" if "life" in str(path) else "results.json")).read_text())
        text, told = shown(path), data["run"]["tested"]
        assert re.findall(r"<dt>([^<]*)</dt>", path.read_text(encoding="utf-8"))[:8] == list(FACTS)
        assert told == stamp.tested("VIRTUAL") | {"changed": told["changed"]}  # a file may come while the tests run
        assert len(told["image"]) == len(told["core"]) == 64
        for words in (told["commit"][:12], told["image"], told["core"], told["micropython"], data["run"]["command"]):
            assert words and words in text
        assert told["micropython"].startswith("1.25.0")
        assert "not a medical device" in text and "Simulated." in text


def test_pages_share_one_look(pages: dict[str, Path]) -> None:
    texts = [path.read_text(encoding="utf-8") for path in pages.values()]
    assert len({re.search(r"<style>(.*?)</style>", text, re.S)[1] for text in texts}) == 1  # type: ignore[index]
    for text in texts:
        assert re.search(r'<h1>.*class="stamp (pass|fail)".*class="notice".*<nav', text, re.S)
        assert " style=" not in text and "<script" not in text


def test_a_failure_stands_beside_the_pump_s_alarms_and_log(pages: dict[str, Path]) -> None:
    text = shown(pages["bad"])
    part = text[text.index("Each failure stands beside") : text.index("Each line shows the member")]
    failures = json.loads((pages["bad"].parent / "results.json").read_text(encoding="utf-8"))["failures"]
    assert [each["where"] for each in failures] == [job.name for job in JOBS]
    for each in failures:
        assert {"occlusion", "pump_stopped"} <= {alarm["name"] for alarm in each["said"]["alarms"]}
    for words in ("bolus-5000mu", "Catheter blocked", "the pump was stopped", "allowed exactly"):
        assert words in part
    assert "Why it failed" not in shown(pages["good"])


def test_a_failed_day_stands_beside_the_pump_s_alarms_and_log(monkeypatch: pytest.MonkeyPatch) -> None:
    lived = Life(4, 1)
    lived.plan = replace(lived.plan, occlusions={})
    day = lived._day

    def closing(number: int) -> None:
        if number == 2:  # a catheter that closes without the bench's knowledge
            lived.people.patient.close_catheter(lived.people.bench.now_us + 3_600_000_000)
        day(number)

    monkeypatch.setattr(lived, "_day", closing)
    outcome = lived.live()
    figures = life.summary(outcome, outcome, Run())
    first = figures["failures"][0]
    assert (first["where"], first["said"]["silent"]) == ("day 2", "")
    assert "strokes against a closed catheter" in first["what"][0]
    assert any("occlusion" in each["text"] for each in first["said"]["log"])
    counted = sum(len(each["what"]) + each["more"] for each in figures["failures"])
    assert counted == figures["violations"]
    html = page(figures, outcome.series)
    assert html.index("strokes against a closed catheter") < html.index('id="figures"')
    assert "after 2 strokes" in html


def test_failures_beyond_the_first_are_counted() -> None:
    told = failure("here", [str(number) for number in range(13)], None)
    assert (len(told.what), told.more) == (10, 3)


def test_every_table_is_in_a_box_of_its_own(pages: dict[str, Path]) -> None:
    for path in pages.values():
        text = path.read_text(encoding="utf-8")
        assert text.count("<table>") == text.count('<div class="table"><table>') > 0
        assert text.count("<svg") == text.count('<svg class="chart"') + text.count('<svg class="bullet"')
        printed = text[text.index("@media print") :]
        assert "details::details-content" in printed and ".table { overflow: visible" in printed


def test_the_commit_and_what_differs_from_it(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=n", "-c", "user.email=n@example.org")
        subprocess.run(("git", *who, *arguments), cwd=tmp_path, check=True, capture_output=True)

    assert checkout(tmp_path) == {"commit": "", "commit_date": "", "changed": False}
    git("init")
    git("commit", "--allow-empty", "-m", "one")
    clean = checkout(tmp_path)
    assert re.fullmatch("[0-9a-f]{40}", clean["commit"]) and not clean["changed"]
    (tmp_path / "new").write_text("", encoding="utf-8")
    assert checkout(tmp_path) == clean | {"changed": True}


def test_a_run_is_of_the_tree_as_it_was_when_it_began(monkeypatch: pytest.MonkeyPatch) -> None:
    then = {"commit": "a" * 40, "commit_date": "2026-01-01", "changed": False}
    monkeypatch.setattr(stamp, "checkout", lambda: then)
    run = Run()
    monkeypatch.setattr(stamp, "checkout", lambda: then | {"commit": "b" * 40, "changed": True})
    told = run.facts(board="VIRTUAL", bench="virtual", seed=1, command="make it")["tested"]
    assert (told["commit"], told["changed"]) == ("a" * 40, False)


def test_the_core_s_digest_is_of_its_sources(tmp_path: Path) -> None:
    (tmp_path / "dose.c").write_text("one", encoding="utf-8")
    before = core_digest(tmp_path)
    (tmp_path / "notes.md").write_text("no source", encoding="utf-8")
    assert core_digest(tmp_path) == before
    (tmp_path / "dose.c").write_text("two", encoding="utf-8")
    assert core_digest(tmp_path) != before


def test_what_cannot_be_told_is_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"no version")
    assert micropython_version(tmp_path / "program") == ""
    told = Run().facts(board="A_DESK_BOARD", bench="desk", seed=None, command="make hil", image="ab" * 32)["tested"]
    assert (told["image"], told["image_from"], told["micropython"]) == ("ab" * 32, "the pump's own report", "")
    assert stamp.tested("A_DESK_BOARD")["image"] == ""


# In a browser, where there is one: the project does not depend on it.

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
in_browser = pytest.mark.skipif(BROWSER is None or shutil.which("pdftotext") is None, reason="no browser here")
MEASURE = """<!doctype html><iframe id=f width=400 height=900></iframe><script>
f.onload = () => {
  const root = f.contentDocument.documentElement, over = [];
  for (const e of root.querySelectorAll("body *"))
    if (e.getBoundingClientRect().right > 400 && !e.closest(".table, figure, pre")) over.push(e.tagName);
  document.title = [root.scrollWidth, ...over].join(" ");
};
f.srcdoc = PAGE;</script>"""


def browser(*arguments: str) -> str:
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--virtual-time-budget=5000")
    run = subprocess.run((str(BROWSER), *options, *arguments), capture_output=True, text=True, check=True)
    return run.stdout


@in_browser
@pytest.mark.parametrize("name", ["good", "bad", "life"])
def test_nothing_runs_over_at_400_px(pages: dict[str, Path], tmp_path: Path, name: str) -> None:
    text = json.dumps(pages[name].read_text(encoding="utf-8")).replace("</", "<\\/")
    (tmp_path / "measure.html").write_text(MEASURE.replace("PAGE", text), encoding="utf-8")
    title = re.search("<title>(.*?)</title>", browser("--dump-dom", f"file://{tmp_path}/measure.html"))
    assert title is not None and title[1] == "400"


@in_browser
def test_paper_shows_what_a_screen_folds_away(pages: dict[str, Path], tmp_path: Path) -> None:
    for name in ("good", "bad"):
        pdf = tmp_path / f"{name}.pdf"
        browser("--no-pdf-header-footer", f"--print-to-pdf={pdf}", f"file://{pages[name]}")
        text = subprocess.run(("pdftotext", "-raw", pdf, "-"), capture_output=True, text=True, check=True).stdout
        printed = re.sub(r"\s", "", text)
        results = json.loads((pages[name].parent / "results.json").read_text(encoding="utf-8"))
        for each in results["measurements"] + results["information"]:
            assert each["name"] in printed
        for each in results["spec"]["limits"]:
            assert re.sub(r"\s", "", each["reason"])[-15:] in printed
