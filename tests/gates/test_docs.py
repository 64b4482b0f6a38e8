"""The documents: an index of all, no link into nothing, every error of the bench explained, the screens true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from firmware.protocol.all_procedures import PROCEDURES
from hil.errors import EXIT_BENCH
from host import console
from host.texts import procedures_en, procedures_fr
from tests.host.patient import Patient
from tools.docs.figures import keep, known, pages, with_figures
from tools.docs.pictures import BYTES_MAX, TERMINAL

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "boards").rglob("*.md"))]
# What ends a bench with exit code 4, and the functions that make such an error.
RAISED = ("BenchError", "DeviceMissing", "DeviceLost", "LinkSilent", "BenchFileError", "lost", "_wrong")


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def links(text: str) -> list[str]:
    """The targets of a page's links, code left out."""
    plain = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.S)
    return [each for each in re.findall(r"\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"", plain) for each in each if each]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_link_leads_nowhere(path: Path) -> None:
    targets = [each.partition("#")[0] for each in links(text_of(path)) if not each.startswith(("http:", "https:", "#"))]
    assert [each for each in targets if not (path.parent / each).exists()] == []


def test_every_document_is_in_the_index() -> None:
    index = set(links(text_of(DOCS / "README.md")))
    assert {path.name for path in DOCS.glob("*.md")} - {"README.md"} <= index


def lost(text: str) -> list[str]:
    """The tests that a page names, `tests/….py::function`, and that are not there."""
    named = re.findall(r"`((tests/[\w/]+\.py)::(\w+))`", text)
    return [
        whole
        for whole, path, name in named
        if not (ROOT / path).exists() or not re.search(rf"^def {name}\(", text_of(ROOT / path), re.M)
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_test_that_a_page_names_is_there(path: Path) -> None:
    assert lost(text_of(path)) == []


def test_a_test_that_is_not_there_is_found() -> None:
    here = "tests/gates/test_docs.py"
    assert lost(f"`{here}::lost` `{here}::gone` `tests/gone.py::lost`") == [f"{here}::gone", "tests/gone.py::lost"]


def errors(tree: ast.AST) -> list[list[str]]:
    """The fixed parts of each text with which the bench says that it is broken."""
    found = []
    for node in ast.walk(tree):
        call = node.exc if isinstance(node, ast.Raise) else node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call):
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            whole = [each for argument in call.args for each in ast.walk(argument) if isinstance(each, ast.Constant)]
            parts = [str(each.value) for each in whole if isinstance(each.value, str) and len(each.value) > 4]
            if parts and (name in RAISED if isinstance(node, ast.Raise) else name == "_broken"):
                found.append(parts)
    return found


def test_every_error_of_the_bench_is_explained() -> None:
    page = re.sub(r"[*`]", "", text_of(DOCS / "troubleshooting.md"))
    missing = []
    for path in sorted((ROOT / "hil").rglob("*.py")):
        for parts in errors(ast.parse(text_of(path))):
            words = [re.sub(r"[`\"]", "", part)[:24].strip(" .;:('") for part in parts]
            if not any(each in page for each in words):
                missing.append(f"{path.relative_to(ROOT)}: {parts}")
    assert missing == []


def quoted(page: str, said: str) -> list[str]:
    """What the page has the programmer say, in italics, with … or a number for a value, and it does not say."""
    quotes = re.findall(r"^\| (\*[^|]*\*) \|", page, re.M)
    pieces = [each.strip() for quote in quotes for each in re.split(r"\*(?:, \*)?|…|\d+", quote)]
    return [each for each in pieces if each and each not in said]


def test_what_the_programmer_is_quoted_with_it_says() -> None:
    trees = [ast.parse(text_of(path)) for path in (ROOT / "host").rglob("*.py")]
    texts = [each.value for tree in trees for each in ast.walk(tree) if isinstance(each, ast.Constant)]
    said = "\n".join(each for each in texts if isinstance(each, str))
    page = text_of(DOCS / "troubleshooting.md").partition("## What the bench says")[0]
    assert quoted(page, said) == []
    assert quoted("| *a card has 7 letters*, *the pump has … cards too many* | |", said) == ["cards too many"]


def test_an_error_without_a_word_in_the_page_is_found() -> None:
    assert errors(ast.parse('raise BenchError(f"{x} has melted down")')) == [[" has melted down"]]


def test_every_exit_code_is_explained() -> None:
    bench, programmer = text_of(DOCS / "troubleshooting.md").split("`pump`:")
    codes = {value for name, value in vars(console).items() if name.startswith("EXIT_")}
    assert codes == {int(each) for each in re.findall(r"^\| (\d+) \|", programmer, re.M)} - {0}
    assert {0, 1, 2, EXIT_BENCH, 130} == {int(each) for each in re.findall(r"^\| (\d+) \|", bench, re.M)}


@pytest.mark.req("THER-5", "THER-6", "HOST-1")
@pytest.mark.parametrize(
    ("language", "texts", "device"),
    [
        ("en", procedures_en.TEXTS, "not a medical device"),
        ("fr", procedures_fr.TEXTS, "pas un dispositif médical"),
    ],
)
def test_the_nurse_s_pages_show_every_step_as_the_screen_does(language: str, texts: dict, device: str) -> None:
    page = text_of(DOCS / f"nurse.{language}.md")
    shown = re.sub(r"\s+", "", page)
    assert page.index(device) < page.index("```")
    for procedure in PROCEDURES:
        if procedure.name in ("refill", "rinse"):
            for step in procedure.steps:
                todo = texts[procedure.name, step.name]
                words = todo if isinstance(todo, str) else todo[0]
                assert re.sub(r"\s+", "", words) in shown, (procedure.name, step.name)
    assert not re.search(r"rror:|refused|Traceback", page.partition("## If something")[0].partition("## Si quelque")[0])


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_nurse_s_pages_are_of_today_s_programmer(monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    """The status that ends a page has the rows of the status that is shown now."""

    def rows(text: str) -> list[str]:
        return [line.partition("  ")[0] for line in text.strip().splitlines()[1:] if line[:1] not in ("", " ")]

    shown = text_of(DOCS / f"nurse.{language}.md").split("```text\n$ pump status\n")[1].partition("```")[0]
    now = Patient(monkeypatch).see("status", "--language", language)
    assert rows(shown) == rows(now), "python -m tools.docs.nurse"


def test_pictures_are_small_and_need_nothing_but_themselves() -> None:
    pictures = sorted((DOCS / "pictures").iterdir())
    assert [path.name for path in pictures] == ["report.png", "terminal.svg"]
    assert all(path.stat().st_size <= BYTES_MAX for path in pictures)
    svg = text_of(TERMINAL)
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "") and "not a medical device" in svg.replace(
        "&#160;", " "
    )


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_figures_are_those_of_their_files(path: Path) -> None:
    assert with_figures(text_of(path), known()) == text_of(path), "python -m tools.docs.figures"


def test_a_figure_that_has_changed_is_set_and_one_that_is_nowhere_is_an_error() -> None:
    figures = {"life": {"strokes": 584_961, "battery": {"mean_ua": 22.30}, "commit": "abc"}}
    text = "<!--=life.strokes-->1<!--/-->, <!--=life.battery.mean_ua-->2<!--/-->, <!--=life.commit-->x<!--/-->"
    assert re.sub("<!--.*?-->", "", with_figures(text, figures)) == "584,961, 22.3, abc"
    with pytest.raises(KeyError, match=r"life\.nothing"):
        with_figures("<!--=life.nothing-->1<!--/-->", figures)


def test_only_figures_of_a_run_that_passed_are_kept(tmp_path: Path) -> None:
    (tmp_path / "build" / "life").mkdir(parents=True)
    (tmp_path / "build" / "life" / "summary.json").write_text('{"verdict": "fail"}', encoding="utf-8")
    with pytest.raises(ValueError, match="did not pass"):
        keep("life", tmp_path)


def test_every_page_names_the_port_of_make_pump() -> None:
    ports = {each for path in PAGES for each in re.findall(r"localhost:(\d+)", text_of(path))}
    assert ports == {"7007"}
