"""Cost and size gates: figures are within their budgets; more work, more code or an unbounded loop turns them red."""

import copy
import subprocess

import pytest

from tests.core.test_target import broken_core, few
from tools.console import Problem
from tools.core.bench import keep, measure
from tools.core.cost import gate, size
from tools.core.cost.blocks import Unbounded
from tools.core.cost.graph import Graphs
from tools.core.target.build import RUNNER, budget, build
from tools.core.target.elf import Elf

# An edit that every start of a stroke passes.
START = ("guard.c", "guard_verdict_t guard_check(")


@pytest.mark.req("DOSE-7")
def test_static_costs_are_within_budget():
    functions, paths = gate.static_costs()
    limits = budget()
    assert set(functions) == set(limits["instructions"])
    assert all(most <= limits["instructions"][name] for name, most in functions.items())
    assert paths["stroke"] <= limits["paths"]["stroke"]["budget"]


@pytest.mark.req("DOSE-7")
def test_measured_costs_never_exceed_the_static_ones():
    functions, _ = gate.static_costs()
    meter, _ = gate.measured_costs(budget(), gate.few_motors(few(40)))
    measured = {name: most for name, most in meter.most.items() if name in functions}
    assert len(measured) > len(functions) // 2
    assert [name for name, most in measured.items() if most > functions[name]] == []


@pytest.mark.req("DOSE-7")
def test_a_path_that_costs_more_on_the_m33_or_is_not_seen_there_is_named():
    paths, wrong = gate.other_paths(budget(), gate.few_motors(few(40)))
    assert wrong == [] and 0 < paths["stroke"]["measured"] <= paths["stroke"]["static"]
    less = copy.deepcopy(budget())
    less["paths"]["stroke"]["budget_m33"] = paths["stroke"]["static"] - 1
    assert "budget" in gate.other_paths(less, gate.few_motors(few(40)))[1][0]
    assert "no vector" in gate.other_paths(budget(), [])[1][0]


# What Thumb-2 has and Armv6-M does not, a function each: its instructions, and the most of them that a call takes.
THUMB_2 = {
    "cbz r0, 1f; movs r0, #1; movs r0, #2; 1: bx lr": 4,
    "cmp r0, #0; ite eq; moveq r0, #1; movne r0, #2; bx lr": 5,
    "cmp r0, #0; it eq; bxeq lr; movs r0, #1; movs r0, #2; bx lr": 6,
    "cmp r0, #0; it ne; bne.w 2f; bx lr; .space 3000; 2: movs r0, #1; bx lr": 5,
    "push {r4, lr}; cmp r0, #0; it eq; popeq {r4, pc}; movs r0, #1; pop {r4, pc}": 6,
    "str lr, [sp, #-8]!; bl called; ldr pc, [sp], #8": 6,
    "str lr, [sp, #-8]!; cmp r0, #0; itt ne; movne r0, #1; blne called; ldr pc, [sp], #8": 9,
}


@pytest.mark.req("DOSE-7")
@pytest.mark.parametrize("code", THUMB_2)
def test_conditional_and_wide_instructions_are_followed(tmp_path, code):
    assert costs(tmp_path, code) == THUMB_2[code]


@pytest.mark.req("DOSE-7")
@pytest.mark.parametrize(
    "code", ["tbb [pc, r0]; bx lr", "tbh [pc, r0, lsl #1]; bx lr", "cmp r0, #0; it eq; moveq pc, r1"]
)
def test_jumps_by_a_table_are_refused_on_the_m33_too(tmp_path, code):
    with pytest.raises(Unbounded, match="computed"):
        costs(tmp_path, code)


def costs(folder, code):
    """The worst case of a function of these instructions, for a Cortex-M33; it may call one of three."""
    named = ".thumb_func; .type {0}, %function; {0}: {1}; .size {0}, .-{0}\n"
    lines = ".syntax unified; .thumb; .text\n" + named.format("here", code) + named.format("called", "nop; nop; bx lr")
    (folder / "code.s").write_text(lines.replace("; ", "\n") + "\n")
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m33", "-mthumb", "-nostdlib", "-Wl,-e,here"]
    subprocess.run([*command, "-o", folder / "code.elf", folder / "code.s"], check=True)
    return Graphs(Elf(folder / "code.elf"), {}).cost("here").instructions


@pytest.mark.req("DOSE-7")
def test_extra_work_in_the_interrupt_is_found(tmp_path):
    work = "static uint32_t busy(uint32_t x) { return (x * 3u) ^ (x >> 5u); }\n"
    core_dir = broken_core(tmp_path, START[0], START[1], work + START[1])
    source = core_dir / "guard.c"
    text = source.read_text()
    at = text.index("{", text.index(START[1])) + 1
    extra = "volatile uint32_t spent = busy((uint32_t)now_us); spent = busy(spent);"
    source.write_text(text[:at] + extra + text[at:])
    functions, paths = gate.static_costs(core_dir)
    limits = budget()
    table = {"stroke": {"static": paths["stroke"], "measured": 1, "budget": limits["paths"]["stroke"]["budget"]}}
    assert gate.judge(table, "path") != []
    assert functions["guard_check"] > limits["instructions"]["guard_check"]


@pytest.mark.req("DOSE-7")
def test_a_loop_without_a_bound_is_refused(tmp_path):
    core_dir = broken_core(tmp_path, *START, "static uint32_t turns;\n" + START[1])
    source = core_dir / "guard.c"
    text = source.read_text().replace("static uint32_t turns;\n", "")
    at = text.index("{", text.index(START[1])) + 1
    loop = "for (volatile uint32_t turn = 0u; turn < (uint32_t)now_us; turn++) {}"
    source.write_text(text[:at] + loop + text[at:])
    with pytest.raises(Unbounded, match="guard_check"):
        gate.static_costs(core_dir)


@pytest.mark.req("DOSE-7")
def test_recursion_and_calls_through_pointers_are_refused(tmp_path):
    elf = Elf(build("m0").elf)
    with pytest.raises(Unbounded, match="pointer"):
        Graphs(elf, {}).cost("runner_one")  # it calls what the mailbox names


@pytest.mark.req("DOSE-7")
def test_a_bound_that_is_too_low_is_found():
    limits = copy.deepcopy(budget())
    limits["loops"]["square_root"] = 8
    with pytest.raises(Problem, match="square_root"):
        gate.measured_costs(limits, few(1))


@pytest.mark.req("DOSE-7")
def test_a_rise_a_missing_budget_and_a_wrong_bound_are_named():
    rows = {
        "rises": {"static": 11, "measured": 5, "budget": 10},
        "is_new": {"static": 11, "measured": 5, "budget": -1},
        "is_wrong": {"static": 11, "measured": 12, "budget": 20},
        "is_unseen": {"static": 11, "measured": 0, "budget": 20},
        "is_right": {"static": 11, "measured": 11, "budget": 11},
    }
    assert [text.split()[1].rstrip(":") for text in gate.judge(rows, "function")] == list(rows)[:-1]


@pytest.mark.req("DOSE-7")
def test_size_memory_and_stack_are_within_budget():
    assert size.report(budget())["wrong"] == []


@pytest.mark.req("DOSE-7")
def test_more_code_more_memory_and_static_data_are_found(tmp_path):
    core_dir = broken_core(tmp_path, *START, "uint32_t spare[5] = {1u, 2u};\n" + START[1])
    source = core_dir / "guard.h"
    source.write_text(source.read_text().replace("} guard_t;", "uint32_t more[64];\n} guard_t;"))
    code = core_dir / "pace.c"
    more = "uint64_t pace_more(uint64_t a, uint64_t b)"
    body = "{ return (a * b) + (a << (b & 7u)) + (b << (a & 7u)) + (a / (b + 1u)); }"
    code.write_text(f"{code.read_text()}\n{more};\n{more} {body}\n")
    wrong = "\n".join(size.report(budget(), core_dir)["wrong"])
    assert "text_bytes_m0plus" in wrong and "ram_bytes" in wrong and "static data" in wrong


@pytest.mark.req("DOSE-7")
def test_deeper_stack_is_found(tmp_path):
    core_dir = broken_core(tmp_path, *START, START[1])
    limits = copy.deepcopy(budget())
    limits["size"]["stack_bytes"] = size.report(limits, core_dir)["stack_bytes"] - 8
    assert any("stack_bytes" in text for text in size.report(limits, core_dir)["wrong"])


def test_the_plain_scheduler_makes_the_same_strokes_for_less():
    found = measure()
    assert found["core"]["strokes"] == found["plain"]["strokes"] > 100
    assert found["plain"]["event_mean"] < found["core"]["interrupt_mean"] < found["core"]["event_mean"]


def test_the_page_keeps_its_tables():
    page = "a\n<!-- t -->\nold\n<!-- /t -->\nb\n"
    assert keep(page, "t", "new") == "a\n<!-- t -->\nnew\n<!-- /t -->\nb\n"
    with pytest.raises(Problem):
        keep(page, "u", "new")


def test_the_image_is_built_once():
    assert build("m0", program=RUNNER).elf == build("m0").elf
