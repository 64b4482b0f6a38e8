"""The NUCLEO_L476RG image from its reset vector on: it comes up, answers, and makes its strokes when they are due."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

import pytest

from hil.backends.emulated_stm32 import EmulatedStm32Board, image_file
from hil.bench import programmer_at
from host.api.client import Programmer

Open = Callable[..., EmulatedStm32Board]
BOARDS = ("NUCLEO_L476RG", "B_L475E_IOT01A", "NUCLEO_L4A6ZG")
S = 1_000_000
SPACING_US = 2 * S
LATE_US = 50  # DOSE-6


def programmer_of(board: EmulatedStm32Board) -> Programmer:
    programmer = programmer_at(board, timeout_s=1, first_command_id=1 + board.now_us)
    programmer.hello()
    return programmer


@pytest.mark.req("BOARD-1", "SELF-1")
@pytest.mark.parametrize("name", BOARDS)
def test_the_image_comes_up_and_says_what_it_is(open_board: Open, name: str) -> None:
    board = open_board(board=name)
    built = json.loads(image_file(name).with_suffix(".json").read_text(encoding="utf-8"))
    hello = programmer_at(board).hello()
    assert (hello.board, hello.native_core) == (name, True)
    assert hello.image == built["image"][:16]
    assert [each["reason"] for each in board.info()["resets"]] == ["power on"]
    assert board.info()["ready"][0] < 2 * S * 1000
    assert board.info()["idle_steps"] == board.info()["steps"] == 0


@pytest.mark.req("DOSE-1", "DOSE-4", "DOSE-6")
@pytest.mark.parametrize("name", BOARDS)
def test_every_stroke_of_a_bolus_starts_when_it_is_due(open_board: Open, name: str) -> None:
    board = open_board(board=name)
    programmer = programmer_of(board)
    bolus = programmer.bolus(3_000)
    board.run_until_us(bolus.at_us + 15 * SPACING_US)
    late_us = [start - bolus.at_us - n * SPACING_US for n, start in enumerate(board.stroke_starts_us)]
    assert len(late_us) == 15
    assert all(0 <= each <= LATE_US for each in late_us), late_us
    assert max(late_us) - min(late_us) <= 1, "lateness never adds up"
    shapes = {tuple(each - edges[0] for each in edges) for edges in board.bursts_ns}
    spread_ns = max(max(column) - min(column) for column in zip(*shapes, strict=True))
    assert spread_ns <= 1, "every stroke has the same edges"
    status = programmer.status()
    assert (status.strokes_commanded, status.strokes_delivered, status.state) == (15, 15, "running")


@pytest.mark.req("DOSE-6", "LINK-4")
def test_noise_at_full_line_rate_moves_no_stroke(open_board: Open) -> None:
    board = open_board()
    bolus = programmer_of(board).bolus(1_000)
    noise = random.Random(1)
    for _ in range(10):
        board.write(noise.randbytes(11_520))
        board.run_until_us(board.now_us + S)
    late_us = [start - bolus.at_us - n * SPACING_US for n, start in enumerate(board.stroke_starts_us)]
    assert len(late_us) == 5
    assert all(0 <= each <= LATE_US for each in late_us), late_us
    board.take_received()
    assert programmer_of(board).status().state == "running"


@pytest.mark.req("STORE-2", "HIL-1")
@pytest.mark.parametrize("seed", range(3))
def test_a_power_cut_at_any_nanosecond_ends_a_bolus_for_good(open_board: Open, seed: int) -> None:
    board = open_board()
    programmer_of(board).bolus(4_000)
    board.power_cut(board.now_ns + random.Random(seed).randrange(10 * S * 1000))
    strokes, steps = len(board.stroke_starts_us), board.info()["steps"]
    board.run_until_us(board.now_us + 5 * S)
    assert board.info()["steps"] == steps, "steps without power"
    board.power_up()
    board.boot()
    status = programmer_of(board).status()
    assert strokes <= status.strokes_delivered <= strokes + 1
    board.run_until_us(board.now_us + 60 * S)
    assert len(board.stroke_starts_us) == strokes, "the bolus went on by itself"
    programmer_of(board).bolus(200)
    board.run_until_us(board.now_us + 3 * S)
    assert len(board.stroke_starts_us) == strokes + 1


@pytest.mark.req("HIL-1")
def test_two_runs_are_the_same_to_the_nanosecond(open_board: Open) -> None:
    lives = []
    for _ in range(2):
        board = open_board()
        programmer_of(board).bolus(400)
        board.run_until_us(board.now_us + 5 * S)
        lives.append((board.bursts_ns, board.info(), board.memory("sram", 0, board.sram_bytes)))
    assert lives[0] == lives[1]
