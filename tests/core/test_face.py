"""The cffi face: it is the headers' own, it is rebuilt when anything changes, and it refuses a bad configuration."""

import shutil
import subprocess
import sys

import pytest

import c_ext.host
from c_ext.host import KIND_NORMAL, SQUARE_MIN_US, STATE_FIELDS, TEMP_PERCENT, Core
from c_ext.host.build import CORE_DIR, REPO, BuildError, build, declarations


def test_every_function_of_the_headers_is_there():
    text = declarations()
    for name in (
        "core_init",
        "core_service",
        "dose_next_us",
        "guard_check",
        "motion_plan",
        "pace_accrue",
        "state_load",
    ):
        assert f"{name}(" in text and hasattr(Core.module.lib, name)
    assert Core.module.lib.GUARD_HARD_BASAL_MU_PER_H == c_ext.host.HARD_BASAL_MU_PER_H == 35_000


def test_state_is_in_the_order_all_faces_share():
    core = Core()
    assert len(core.state()) == len(STATE_FIELDS) == len(set(STATE_FIELDS)) == 54
    core.set_basal(0, 5000)
    core.temp_basal(0, TEMP_PERCENT, 50, 10**9)
    core.bolus(0, 1, 2, SQUARE_MIN_US)
    core.permit(1)
    state = dict(zip(STATE_FIELDS, core.state(), strict=True))
    assert (state["rate_mu_per_h"], state["temp_value"], state["temp_until_us"]) == (5000, 50, 10**9)
    assert (state["normal_programmed"], state["square_programmed"], state["square_id"]) == (1, 2, 1)
    assert (state["guard_permitted"], state["armed_us"], state["armed_kind"]) == (1, 0, KIND_NORMAL)
    assert state["boundary_us"] == -1


def test_building_again_is_free_and_a_change_is_seen(tmp_path):
    assert build() == build()
    core_dir = tmp_path / "core"
    shutil.copytree(CORE_DIR, core_dir)
    assert build(core_dir) == build()
    (core_dir / "pace.h").write_text((core_dir / "pace.h").read_text() + "// another\n")
    assert build(core_dir) != build()
    assert build(cflags="-O1") != build()


def test_build_is_a_command():
    done = subprocess.run(
        [sys.executable, "-m", "c_ext.host.build"], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().endswith(".so") and done.stderr == ""


def test_a_missing_compiler_says_what_to_do():
    with pytest.raises(BuildError, match="install gcc or set CC"):
        build(cc="no-such-compiler")


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_code"):
        _ = c_ext.host.no_such_code


@pytest.mark.req("DOSE-8")
@pytest.mark.req("DOSE-4")
@pytest.mark.parametrize(
    "wrong",
    [
        {"stroke_nl": 250}, {"concentration_u_per_ml": 39}, {"concentration_u_per_ml": 501}, {"history": 0},
        {"history": 65_536}, {"motor": (1, 200, 1000, 4000)},
        {"motor": (2, 20, 20, 1), "spacing_us": 1_000_000, "stroke_nl": 250},
        {"spacing_us": 999_999}, {"spacing_us": 60_000_001}, {"stroke_nl": 125, "spacing_us": 249_999, "history": 3000},
    ],
)  # fmt: skip
def test_a_configuration_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match="out of range"):
        Core(**wrong)


@pytest.mark.parametrize("fault", [0, 1, 5, 10])
def test_a_stop_needs_a_fault(fault):
    with pytest.raises(ValueError, match="fault"):
        Core().stop(0, fault)


@pytest.mark.parametrize("length", [0, -1, 1])
def test_a_saved_state_has_one_length(length):
    core = Core()
    stored = core.save(0)
    with pytest.raises(ValueError, match="bytes, must be"):
        core.load(0, stored + b"\0" if length > 0 else stored[:length])
