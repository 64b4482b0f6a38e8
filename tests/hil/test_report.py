"""The report and the verdict table: what they say, and that the page needs nothing but itself."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from hil.plant import load_mechanism
from hil.protocols import accuracy
from hil.protocols.accuracy.progress import Silence
from hil.protocols.edges.run import judge
from hil.report import print_verdicts, write_html
from hil.report.glance import allowed, figure, glance, margin, number
from tests.hil.ideal_bench import open_ideal

pytestmark = pytest.mark.req("HIL-6")


def made(out: Path, mechanism: Any = "implant") -> dict[str, Any]:
    accuracy.run(1, out, open_ideal, mechanism, workers=1, progress=Silence(), quiet=True)
    data: dict[str, Any] = json.loads((out / "results.json").read_text(encoding="utf-8"))
    return data


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("good")
    return out, made(out)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("bad")
    return out, made(out, load_mechanism().with_value("stroke_volume_nl", 450))


class Outline(HTMLParser):
    """Collects what matters of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data") and value:
                self.links.append(value)
            if name == "id" and value:
                self.ids.add(value)
        if tag not in ("meta", "link", "br", "img", "hr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(path: Path) -> Outline:
    parsed = Outline()
    parsed.feed(path.read_text(encoding="utf-8"))
    assert not parsed.open
    return parsed


def test_the_page_is_self_contained_and_well_formed(good: tuple[Path, dict[str, Any]]) -> None:
    page = outline(good[0] / "report.html")
    assert "script" not in page.tags and "img" not in page.tags
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= page.ids
    text = (good[0] / "report.html").read_text(encoding="utf-8")
    assert "url(" not in text and "@import" not in text
    assert "nan" not in re.findall(r"[\"\s]nan[\"\s,]", text)


def test_the_verdict_comes_first(good: tuple[Path, dict[str, Any]], bad: tuple[Path, dict[str, Any]]) -> None:
    for (out, results), word in ((good, "PASS"), (bad, "FAIL")):
        text = (out / "report.html").read_text(encoding="utf-8")
        assert f">{word}</span>" in text
        assert text.index(f">{word}</span>") < text.index("<svg")
        assert "Simulated." in text and "not a medical device" in text
        assert f"make bench SEED={results['spec']['seed']}" in text
        assert results["records"]["sha256"] in text


def test_failures_are_named_at_the_top(bad: tuple[Path, dict[str, Any]]) -> None:
    text = (bad[0] / "report.html").read_text(encoding="utf-8")
    first = next(m["name"] for m in bad[1]["measurements"] if m["verdict"] == "fail")
    assert text.index(first) < text.index('id="glance"')


def test_every_curve_is_there(good: tuple[Path, dict[str, Any]]) -> None:
    text = (good[0] / "report.html").read_text(encoding="utf-8")
    assert len(re.findall(r'<svg class="chart"', text)) == 3 + 3 * 2
    for title in ("Trumpet curve at 0.2 U/h", "Trumpet curve at 1 U/h", "Start-up at 1 U/h", "25 boluses of 30 U"):
        assert title in text


def test_the_page_can_be_made_again_from_the_results(good: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    write_html(tmp_path / "again.html", good[1])
    assert (tmp_path / "again.html").read_bytes() == (good[0] / "report.html").read_bytes()


def test_other_mechanisms_have_a_page_too(tmp_path: Path) -> None:
    made(tmp_path, "syringe_mock")
    assert "Start-up, reported separately" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_table_on_the_terminal(bad: tuple[Path, dict[str, Any]]) -> None:
    text = io.StringIO()
    print_verdicts(bad[1], bad[0], file=text)
    assert "FAIL delivery.bolus.5000_mu.least" in text.getvalue()
    assert "not a medical device" in text.getvalue()


def measurement(**more: Any) -> dict[str, Any]:
    row = {"name": "delivery.x.y", "value": 1.0, "unit": "%", "lower": -5, "upper": 5, "uncertainty": 0.0}
    return row | {"verdict": "pass"} | more


def test_every_judged_measurement_is_in_a_group(good: tuple[Path, dict[str, Any]]) -> None:
    rows = glance([*good[1]["measurements"], measurement(name="delivery.new.thing")])
    assert sum(row.count for row in rows) == len(good[1]["measurements"]) + 1
    assert [row.title for row in rows].count("Other") == 1


def test_figures_as_people_write_them() -> None:
    assert [number(value) for value in (0, -1.5, 123.456, 0.01234, 30_000, 200_000.0097, None)] == [
        "0", "−1.50", "123.5", "0.012", "30,000", "200,000.01", "none",
    ]  # fmt: skip
    assert figure(measurement(value=104.227, uncertainty=2.215)) == "104.2 ± 2.2\u00a0%"
    assert allowed(measurement()) == "± 5\u00a0%"
    assert allowed(measurement(lower=0, upper=0, unit="1")) == "exactly 0"
    assert allowed(measurement(lower=None)) == "≤ 5\u00a0%"
    assert margin(measurement(value=None)) < margin(measurement(value=6)) < 0 < margin(measurement(value=4.9))


def load_figures(name: str, *, late_us: float = 1.7, steps: int = 192) -> dict[str, Any]:
    return {
        "load": name,
        "strokes": 2,
        "start_us": {"least": 0.7, "greatest": late_us},
        "start_histogram_us": {"0.6": 1, f"{late_us - 0.1:.1f}": 1},
        "edge_us": {"least": -0.5, "greatest": 0.49},
        "edge_histogram_us": {"-0.5": 90, "0.0": 2, "0.4": 100},
        "steps": steps,
        "steps_due": 192,
        "short_strokes": 0,
        "flagged": [],
        "busy_percent": 12.3,
    }


@pytest.mark.req("DOSE-6")
def test_edges_are_shown_where_they_were_measured(tmp_path: Path, good: tuple[Path, dict[str, Any]]) -> None:
    loads = [load_figures("idle"), load_figures("flash writes, slowest flash", late_us=60.0, steps=191)]
    figures = {
        "image": "0123456789abcdef",
        "not_modelled": "misses of the flash cache",
        "steps": 383,
        "loads": loads,
        "measurements": [each.as_dict() for each in judge(loads)],
    }
    (tmp_path / "bench").mkdir()
    page = tmp_path / "bench" / "report.html"
    write_html(page, good[1])
    assert 'id="edges"' not in page.read_text(encoding="utf-8")
    (tmp_path / "edges.json").write_text(json.dumps(figures), encoding="utf-8")
    write_html(page, good[1])
    text = page.read_text(encoding="utf-8")
    part = text[text.index('id="edges"') : text.index('id="published"')]
    for words in ("0123456789abcdef", "383 steps", "misses of the flash cache", "idle", "0.70 to 60.00"):
        assert words in part
    assert re.findall(r'badge (pass|fail)"', part) == ["pass", "fail"]
    assert part.count("<svg") == 2
