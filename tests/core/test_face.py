"""The cffi face: it is the headers' own, it is rebuilt when anything changes, and it refuses a bad configuration."""

import shutil
import subprocess
import sys

import pytest

import c_ext.host
from c_ext.host import STATE_FIELDS, Core
from c_ext.host.build import CORE_DIR, REPO, BuildError, build, declarations
from tests.core.pair import FIELDS


def test_every_function_of_the_headers_is_there():
    text = declarations()
    for name in ("core_init", "core_service", "dose_next_due_us", "guard_check", "motion_plan", "pace_take"):
        assert f"{name}(" in text and hasattr(Core.module.lib, name)
    assert Core.module.lib.GUARD_HARD_BASAL_MU_PER_H == c_ext.host.HARD_BASAL_MU_PER_H == 35_000


def test_state_is_in_the_order_all_faces_share():
    core = Core()
    assert list(STATE_FIELDS) == FIELDS and len(core.state()) == len(FIELDS)
    core.set_basal(0, 5000)
    assert core.state()[FIELDS.index("rate_mu_per_h")] == 5000


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
        {"stroke_nl": 250}, {"concentration_u_per_ml": 39}, {"concentration_u_per_ml": 501}, {"history": 749},
        {"spacing_us": 999_999}, {"spacing_us": 60_000_001}, {"stroke_nl": 125, "spacing_us": 249_999, "history": 3000},
    ],
)  # fmt: skip
def test_a_configuration_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match="out of range"):
        Core(**wrong)


@pytest.mark.parametrize("fault", [0, 1, 5, 9])
def test_a_stop_needs_a_fault(fault):
    with pytest.raises(ValueError, match="fault"):
        Core().stop(0, fault)
