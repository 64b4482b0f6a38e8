"""The card's code in a picture: everything that `pump card` shows or writes is read back, and what is none is told."""

from __future__ import annotations

import io
import random
import re
import sys
from pathlib import Path

import pytest
import segno
from PIL import Image, ImageDraw, ImageFilter

from host.session import card, picture
from host.session.errors import CardError
from host.session.key import Key

pytestmark = pytest.mark.req("SEC-1", "SEC-2")
KEY = Key(bytes(range(7, 39)))
OTHER = Key(bytes(range(40, 72)))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "card"
    path.touch(mode=0o600)
    return path


def saved(image: Image.Image, kind: str = "PNG", **how: int) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def opened(key: Key = KEY) -> Image.Image:
    return Image.open(io.BytesIO(card.png(key))).convert("L")


def photo(key: Key, dice: random.Random) -> Image.Image:
    """The card on a table: turned, small in the picture, in uneven light, a little out of focus and with noise."""
    code = opened(key).resize((420, 420)).rotate(dice.uniform(-25, 25), expand=True, fillcolor=255)
    scene = Image.new("L", (1000, 1000), 120)
    scene.paste(code, (dice.randrange(30, 380), dice.randrange(30, 380)))
    draw = ImageDraw.Draw(scene)
    draw.text((40, 960), "Card of the pump", fill=10)
    light = Image.linear_gradient("L").resize(scene.size).point(lambda value: 120 + value // 2)
    scene = Image.composite(scene, Image.new("L", scene.size, 30), light)
    return Image.blend(scene.filter(ImageFilter.GaussianBlur(1.5)), Image.effect_noise(scene.size, 60), 0.15)


def test_what_is_written_as_png_is_read_back(file: Path) -> None:
    dice = random.Random(5)
    for key in [KEY, *(Key(dice.randbytes(32)) for _ in range(20))]:
        file.write_bytes(card.png(key))
        assert card.read_file(file) == key


def test_what_the_terminal_shows_is_read_back_from_a_picture_of_it(file: Path) -> None:
    """Each character is two points, one above the other; the letters are light on dark, or the other way round."""
    points = {" ": "  ", "█": "██", "▀": "█ ", "▄": " █"}
    rows = card.picture(KEY).splitlines()
    for ink, paper in ((255, 0), (0, 255)):
        shown = Image.new("L", (max(map(len, rows)), 2 * len(rows)), paper)
        for y, row in enumerate(rows):
            for x, each in enumerate(row):
                for half, point in enumerate(points[each]):
                    shown.putpixel((x, 2 * y + half), ink if point == "█" else paper)
        file.write_bytes(saved(shown.resize((shown.width * 5, shown.height * 5), Image.Resampling.NEAREST)))
        assert card.read_file(file) == KEY


def test_what_is_printed_from_the_svg_is_read_back_from_a_scan(file: Path) -> None:
    """Drawn stroke by stroke: M x y is a place, m a step from there, h a stroke to the right, all a unit high."""
    text = card.svg(KEY).decode()
    scale = int(re.search(r'transform="scale\((\d+)\)"', text)[1])  # type: ignore[index]
    size = int(re.search(r'width="(\d+)"', text)[1])  # type: ignore[index]
    page = Image.new("L", (size, size), 255)
    draw, x, y = ImageDraw.Draw(page), 0.0, 0.0
    path = re.search(r' d="([^"]*)"', text)[1]  # type: ignore[index]
    for what, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", path):
        if what == "h":
            draw.rectangle(
                [x * scale, (y - 0.5) * scale, (x + float(first)) * scale - 1, (y + 0.5) * scale - 1], fill=0
            )
            x += float(first)
        else:
            x, y = (float(first), float(second)) if what == "M" else (x + float(first), y + float(second))
    file.write_bytes(saved(page, "TIFF"))
    assert card.read_file(file) == KEY


def test_a_photo_of_the_card_is_read(file: Path) -> None:
    dice = random.Random(16)
    for _ in range(8):
        file.write_bytes(saved(photo(KEY, dice), "JPEG", quality=60))
        assert card.read_file(file) == KEY


def test_a_picture_with_the_same_card_twice_or_with_see_through_paper_is_read(file: Path) -> None:
    twice = Image.new("L", (500, 250), 255)
    for x in (10, 260):
        twice.paste(opened(), (x, 10))
    file.write_bytes(saved(twice))
    assert card.read_file(file) == KEY
    clear = Image.merge("LA", (Image.new("L", opened().size, 0), opened().point(lambda value: 255 - value)))
    file.write_bytes(saved(clear))
    assert card.read_file(file) == KEY


def code_of(text: str) -> bytes:
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="png", scale=6)
    return out.getvalue()


def both() -> bytes:
    page = Image.new("L", (500, 250), 255)
    for x, key in ((10, KEY), (260, OTHER)):
        page.paste(opened(key), (x, 10))
    return saved(page)


LETTERS = card.letters(KEY).replace(" ", "")
WRONG = ("B" if LETTERS[0] == "A" else "A") + LETTERS[1:]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (saved(Image.new("L", (300, 300), 255)), "no QR code is found in the picture"),
        (code_of("https://example.org/a/secret"), "the code in the picture {} is not that of a card"),
        (code_of(WRONG), "is not that of a card"), (code_of(LETTERS[:-1]), "is not that of a card"),
        (both(), "codes of several cards"),
        (card.png(KEY)[:200], "damaged, cut short"), (card.png(KEY)[:-30], "damaged, cut short"),
        (saved(photo(KEY, random.Random(1)), "JPEG")[:20_000], "damaged, cut short"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "damaged, cut short"), (bytes(range(256)), "damaged, cut short"),
        (b"%PDF-1.7\n\xe2\xe3\xcf\xd3", "damaged, cut short"),
        (card.svg(KEY), "is an SVG"), (b"", "these are 0"), (LETTERS[:40].encode(), "these are 40"),
        (saved(Image.new("1", (12_000, 12_000))), "larger than 120 million pixels"),
        (b"\xff" * (picture.MOST_BYTES + 1), "too large"),
    ],
    ids=["blank", "address", "checksum", "short", "two cards", "cut early", "cut late", "photo cut", "header", "bytes"]
    + ["pdf", "svg", "empty", "letters", "pixels", "size"],
)  # fmt: skip
def test_a_picture_of_something_else_is_one_clear_error_that_tells_nothing_of_it(
    file: Path, content: bytes, told: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(CardError) as error:
        card.read_file(file)
    shown = str(error.value)
    assert told.replace("{}", str(file)) in shown and "\n" not in shown
    assert "secret" not in shown and LETTERS[:8] not in shown and error.value.__cause__ is not error.value


@pytest.mark.parametrize("library", ["zxingcpp", "PIL"])
def test_without_the_libraries_the_letters_are_asked_for(
    file: Path, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    file.write_bytes(card.png(KEY))
    with pytest.raises(CardError, match="takes the packages pillow and zxing-cpp, which are not installed"):
        card.read_file(file)
    file.write_text(card.letters(KEY), encoding="ascii")
    assert card.read_file(file) == KEY


def test_letters_in_a_file_may_have_any_dash(file: Path) -> None:
    file.write_text(card.letters(KEY).replace(" ", "–") + "\n", encoding="utf-8")
    assert card.read_file(file) == KEY
