"""Writes docs/procedures.md from the firmware's table and the texts: `python -m tools.docs.procedures`."""

from pathlib import Path

from firmware.protocol import procedures as table
from firmware.protocol.all_procedures import PROCEDURES
from host.texts.procedures_en import TEXTS, TITLES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "procedures.md"
HEAD = """\
# Guided procedures

<!-- Made by tools/docs/procedures.py from firmware/protocol/procedures.py and host/texts: do not edit. -->

Refill, rinse, flush, stroke-volume measurement and patency test, as the device guides through them (THER-5, THER-6). A
development platform, not a medical device: nobody is to be treated by this page. Each procedure is a table; the
pictures are drawn from the same table that the device walks.

- A procedure begins only on a pump that does not deliver. The pump then makes the strokes of a step and no others. They
  have ledgers of their own ({ledgers}) and never count as therapy.
- An answer names its step. A late or repeated answer is refused, like any answer that is not drawn.
- *interrupted* is allowed at any step that has such an arrow, even while it delivers: the stroke in progress is
  completed. A power failure is not an interruption: the device returns to the step, delivers nothing by itself, and
  makes the missing strokes on *go*.
- Ends: *completed*; *left*: as it was before; *unfit*: the reservoir does not hold insulin under vacuum, and therapy
  is refused until a refill or rinse is completed. Sodium hydroxide cannot be left in the reservoir: every way out of
  the rinse leads through its removal. With sodium hydroxide in the catheter therapy is refused until it is flushed.
- The device tracks the catheter's content stroke by stroke ([catheter.py](../firmware/therapy/catheter.py): 13 U of
  dead volume, plug flow). The status reports how much must still leave the catheter before insulin does.

Sources: D is the MiniMed 2007D physician manual (2004), C the 2007C physician manual, R1 Renard, Diabetes Care
1996;19:812. A statement without a source is marked *assumed*. Not published, and so never stated here as fact: soaking
time and volume of the sodium hydroxide, acceptance limits of stroke volume and pressure, bands of the refill accuracy.
"""
ACCURACY = """\

## Refill accuracy

`100·((V_fill − V_residual) − V_delivered)/V_delivered` %, negative: under-delivery. V_fill is the volume put in
at the last refill, less the volume taken back. V_residual is the volume drawn out now. V_delivered counts every stroke
in between, whatever its ledger ([refill.py](../firmware/protocol/refill.py)). A weight becomes a volume with 1.005 g/ml
(assumed).

| accuracy | band | meaning |
|---|---|---|
| within ±10 % | good | |
| ±10 to ±15 % | watch | refill sooner and look again (10 %: choice of this project) |
| −15 to −50 % | rinse | abnormal flow: stroke volume, then rinse (R1) |
| below −50 % | catheter | the catheter before the rinse (R1) |
| above +15 % | over | over-delivery or a weighing error: stop, weigh again |
| ± more than 15 % unsure | interval too short | too little was delivered to say anything |

In an interval too short the programmer gives no percentage; JSON has null, and the band as the reason.

The accuracy is given with the interval's size (what was delivered since the refill before), and with its uncertainty
(k = 2), from the half-widths of its components as rectangular
distributions: two weighings each of RB and IN (10 mg, assumed), 2 ml read from a scale (0.1 ml, assumed), the density
(±0.5 %, assumed) and, if a rinse or flush lies between the visits, the catheter's 13 U.

| interval | weighed | 2 ml read from the scale | and 13 U in doubt |
|---|---|---|---|
{rows}
"""


def _state_machine(procedure: table.Procedure) -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {procedure.steps[0].name}: begin"]
    for step in procedure.steps:
        for name, target in step.choices:
            words = f"go, {_order(step)}" if step.delivers else name
            lines.append(f"    {step.name} --> {target}: {words}")
        if step.interrupt:
            lines.append(f"    {step.name} --> {step.interrupt}: interrupted")
    used = {target for step in procedure.steps for _, target in step.choices} | {s.interrupt for s in procedure.steps}
    lines += [f"    {end} --> [*]" for end in table.ENDS if end in used]
    return [*lines, "```"]


def _order(step: table.Step) -> str:
    """Return the delivery of a step, at 500 nl a stroke."""
    count = f"{step.counted_by} entered" if step.counted_by else f"{-(-step.volume_nl // 500)} strokes"
    return f"{count} ({table.LEDGERS[step.ledger].replace('_', ' ')})"


def _row(procedure: table.Procedure, step: table.Step) -> str:
    do, basis = TEXTS[procedure.name, step.name]
    takes = f"{step.takes.name}, {step.takes.low:,} to {step.takes.high:,} {step.takes.unit}" if step.takes else ""
    delivers = f"{_order(step)}, to the {table.OUTLETS[step.outlet].replace('_', ' ')}" if step.delivers else ""
    return f"| {step.name} | {do} | {takes} | {delivers} | {basis} |"


def _accuracy_rows() -> str:
    from firmware.protocol.refill import Volume, accuracy, net_fill, read_off, weighed

    lines = []
    for units in (200, 600, 1800, 4000):
        delivered_nl = units * 2500
        residual = weighed(40_000, 40_000 - round((13_000_000 - delivered_nl) * 1005 / 1e6))
        put_in = weighed(50_000, 50_000 - 15_075)
        cells = []
        for taken_back, changed in (
            (weighed(32_010, 30_000), False),
            *((read_off(2_000_000), each) for each in (0, 1)),
        ):
            filled = net_fill(put_in, taken_back)
            found = accuracy(Volume(filled.nl, filled.reading_nl, filled.by_weight_nl), residual, delivered_nl, changed)
            cells.append(f"±{found.uncertainty_tenths / 10:.1f} %")
        lines.append(f"| {units:,} U | {' | '.join(cells)} |")
    return "\n".join(lines)


def page() -> str:
    """Return the whole page."""
    lines = [HEAD.format(ledgers=", ".join(name.replace("_", " ") for name in table.LEDGERS)).rstrip("\n")]
    for procedure in PROCEDURES:
        needs = ", ".join(table.RESERVOIR[each] for each in procedure.needs)
        lines += ["", f"## {procedure.number}. {procedure.name.replace('_', ' ').capitalize()}", ""]
        lines += [TITLES[procedure.name], "", f"Begins with a reservoir that holds: {needs}.", ""]
        lines += [
            *_state_machine(procedure),
            "",
            "| step | what to do | input | delivers | basis |",
            "|---|---|---|---|---|",
        ]
        lines += [_row(procedure, step) for step in procedure.steps]
    return "\n".join(lines) + "\n" + ACCURACY.format(rows=_accuracy_rows())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
