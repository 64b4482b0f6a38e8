"""Twin runs: each kind finds a mistake made on purpose, and in the firmware as it is finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.backends.pinning import pin
from hil.scripts.play import play
from hil.scripts.script import LOOK, Script, Step
from hil.twins import TWINS
from hil.twins.pair import Pair
from hil.twins.trial import trial
from tests.scripts.bugs import BUGS, wrong_board

S = 1_000_000
MIN = 60 * S
H = 60 * MIN
BASAL = Step(S, "set_basal", {"rate_mu_per_h": 200})
# Little scripts in which the mistake of tests/scripts/bugs.py shows.
LOOKED = Step(2 * H, LOOK)
SMALL = {
    "safer": Pair(Script(0, 500, 400, 30 * H, (BASAL,)), (), (Step(H, "suspend"),)),
    "refused": Pair(
        Script(0, 500, 400, 3 * H, (BASAL, Step(2 * H, "bolus", {"volume_mu": 1000}))),
        (),
        (Step(H, "bolus", {"volume_mu": 1001}),),
    ),
    "reset": Pair(
        Script(
            0, 500, 400, 3 * H,
            (BASAL, Step(2 * H - MIN, "recommend_rate", {"rate_mu_per_h": 400, "valid_min": 30}), LOOKED),
        ),
        (),
        (Step(2 * H - 10 * S, "power_cut", {"off_s": 3}),),
    ),
    "asked": Pair(
        Script(0, 500, 400, 3 * H, (BASAL, Step(H, "temp_basal", {"kind": 1, "value": 200, "duration_min": 60}))),
        (),
        (Step(H + MIN, "read_diagnosis"),),
    ),
    "clock": Pair(
        Script(0, 500, 400, 3 * H, (BASAL, Step(H, "square_bolus", {"volume_mu": 4000, "duration_min": 60}))),
        (Step(H + 30 * MIN, "set_time", {"utc_s": 1767225600 + 5400}),),
        (Step(H + 30 * MIN, "set_time", {"utc_s": 1850000000}),),
    ),
}  # fmt: skip


def judged(twin: str) -> list[str]:
    pair = SMALL[twin]
    return [each.where for each in TWINS[twin].judge(pair, play(pair.without), play(pair.with_it))]


@pytest.mark.req("HIL-5")
def test_every_kind_has_its_mistake() -> None:
    assert set(BUGS) == set(SMALL) == set(TWINS)


@pytest.mark.req("HIL-5")
@pytest.mark.parametrize("twin", TWINS)
def test_a_mistake_on_purpose_is_found(twin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = judged(twin)
    monkeypatch.setenv("RELEVE_MICROPYTHON", str(wrong_board(twin, tmp_path)))
    assert [where for where in judged(twin) if where not in right]


SCRIPTS = 60  # of each kind, a day or less: `make scripts-nightly` has thousands of one to three days
CHUNK = 6


@pytest.mark.req("THER-3", "DOSE-5", "GUARD-1", "STORE-5", "THER-8", "LINK-4", "HIL-5")
@pytest.mark.parametrize("first", range(0, SCRIPTS, CHUNK))
@pytest.mark.parametrize("twin", TWINS)
def test_random_scripts_have_no_unlike_twins(twin: str, first: int) -> None:
    pin()
    for seed in range(first, first + CHUNK):
        result = trial(twin, seed, hours=(6, 24))
        assert result.error == "", result.command
        assert [f"{result.command}: {each.text}" for _, each in result.found] == []
