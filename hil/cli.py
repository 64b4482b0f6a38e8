"""`pump-bench`: the bench on the command line.

Exit codes: 0 every judged measurement passed; 1 one failed; 2 wrong usage; 4 the bench itself is broken (no board, a
silent link, a killed worker, a full disk), so that nothing can be said about dosing; 130 interrupted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hil.ending import EXIT_FAIL, ending
from hil.play import commands, provision
from hil.report.figures import recorded
from hil.report.index import fresh
from hil.results.files import read_json, write_json
from hil.usage import Whole, there_is

app = typer.Typer(
    cls=Whole,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="The Relève bench: a development platform, not a medical device. Virtual board and plant are simulated.",
)


@app.command()
def bench(
    seed: Annotated[
        int, typer.Option(min=0, help="Which plant: another seed is another pump, catheter and balance.")
    ] = 1,
    out: Annotated[Path, typer.Option(help="Folder for results, records and report.")] = Path("build/bench"),
    mechanism: Annotated[str, typer.Option(help="Reference mechanism of the plant.")] = "implant",
    workers: Annotated[int, typer.Option(min=1, help="Benches at a time, one core each.")] = 2,
    short_windows: Annotated[bool, typer.Option("--short-windows", help="Trumpet windows 2 … 31 min.")] = False,
    bench_name: Annotated[
        str, typer.Option("--bench", help="virtual, emulated, emulated-stm32, desk-emulated, desk, or a file.")
    ] = "virtual",
) -> None:
    """Prove dosing accuracy: run the accuracy protocol, judge it, write the report."""
    from hil.backends.bench_file import BenchFileError
    from hil.bench import opener
    from hil.plant import mechanisms
    from hil.protocols import accuracy

    there_is("--mechanism", "mechanism", mechanisms(), [mechanism])
    try:
        opens = opener(bench_name)
    except BenchFileError as error:
        raise typer.BadParameter(str(error), param_hint="--bench") from error
    with fresh(out / "results.json", out / "results.xml", out / "report.html"):
        code = accuracy.run(
            seed, out, opens, mechanism=mechanism, workers=workers, short_windows=short_windows, bench=bench_name
        )
    raise typer.Exit(code)


@app.command()
def speed(
    out: Annotated[Path, typer.Option(help="Where to write the figures.")] = Path("build/speed.json"),
    days: Annotated[int, typer.Option(min=30, help="Simulated days of each life.")] = 120,
) -> None:
    """Measure how much faster than real time a virtual pump runs."""
    from hil.protocols.speed import TARGET_X_REAL_TIME, measure, report

    with recorded(out, "speed") as run:
        figures = run.take(measure(days=days), lambda each: each["x_real_time"] >= TARGET_X_REAL_TIME)
        typer.echo(report(figures, out))
    raise typer.Exit(run.exit_code)


@app.command("start-up")
def start_up(
    out: Annotated[Path, typer.Option(help="Where to write the figures.")] = Path("build/start-up.json"),
    runs: Annotated[int, typer.Option(min=1, help="Runs of each command; their median is judged.")] = 9,
) -> None:
    """Measure the processor time that the pump command takes to start, and that it sleeps nowhere."""
    from hil.protocols.start_up import measure, report

    with recorded(out, "start-up") as run:
        figures = measure(runs)
        failed = [each for each in figures["measurements"] if each["verdict"] != "pass"]
        typer.echo(report(run.take(figures, lambda _: not failed), out))
    raise typer.Exit(run.exit_code)


@app.command()
def day(
    bench_name: Annotated[str, typer.Option("--bench", help="virtual, emulated, emulated-stm32 …")] = "virtual",
    out: Annotated[Path, typer.Option(help="Where to write the figures.")] = Path("build/day.json"),
    hours: Annotated[float, typer.Option(min=1, max=240, help="How long the day is.")] = 24,
) -> None:
    """Run a day of 5 U/h with a bolus of 30 U: speed, strokes, and how late the latest of them starts."""
    from hil.protocols.day import measure, report

    with recorded(out, "day", bench=bench_name, seed=1) as run:
        figures = run.take(measure(bench_name, hours=hours), lambda each: not each["violations"])
        typer.echo(report(figures, out))
    raise typer.Exit(run.exit_code)


@app.command()
def awake(
    out: Annotated[Path, typer.Option(help="Where to write the figures.")] = Path("build/awake.json"),
    beside: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Another built checkout to compare with.")
    ] = None,
) -> None:
    """Measure how long the processor of an emulated Pico is awake for each stroke."""
    from hil.protocols.awake import compare, good, measure, measure_beside, report

    with recorded(out, "awake", bench="emulated", seed=1) as run:
        loads = measure()
        if beside is not None:
            loads = compare(loads, measure_beside(beside.resolve()))
        typer.echo(report(run.take({"loads": loads}, good), out))
    raise typer.Exit(run.exit_code)


@app.command()
def edges(
    out: Annotated[Path, typer.Option(help="Where to write the figures.")] = Path("build/edges.json"),
    strokes: Annotated[int, typer.Option(min=2, max=200, help="Strokes under each load.")] = 30,
    steps: Annotated[int, typer.Option(min=1000, help="Total of steps; the rest is made without load.")] = 1_000_000,
    workers: Annotated[int, typer.Option(min=1, help="Loads at a time, one core each.")] = 2,
) -> None:
    """Measure starts and edges of strokes on the emulated Pico under load (DOSE-6)."""
    from hil.protocols.edges.run import measure, report

    with recorded(out, "edges", bench="emulated", seed=1) as run:
        figures = measure(strokes=strokes, steps_total=steps, workers=workers)
        failed = [each for each in figures["measurements"] if each["verdict"] != "pass"]
        typer.echo(report(run.take(figures, lambda _: not failed), out))
    for each in failed:
        typer.echo(f"FAIL {each['name']}: {each['value']} {each['unit']}")
    raise typer.Exit(run.exit_code)


@app.command()
def aimed(
    out: Annotated[Path, typer.Option(help="Where to write the figures.")] = Path("build/aimed.json"),
    orders: Annotated[int, typer.Option(min=1, help="Orders that must hit within ±2 ms.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Which aims, and which plants.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Pumps at a time, one core each.")] = 2,
) -> None:
    """Aim orders at the armed stroke of an emulated Pico: every acknowledged one is in force, no stop is lost."""
    from hil.protocols.aimed import measure, report

    with recorded(out, "aimed", bench="emulated", seed=seed) as run:
        figures = measure(orders, seed=seed, workers=workers)
        run.take(figures, lambda each: not (each["wrong"] or each["resets"] or each["flagged"]))
        typer.echo(report(run.figures, out))
    raise typer.Exit(run.exit_code)


@app.command("desk-edges")
def desk_edges(
    out: Annotated[Path, typer.Option(help="Where to write the figures.")] = Path("build/desk-edges.json"),
    steps: Annotated[int, typer.Option(min=96, help="Steps to be captured.")] = 100_000,
) -> None:
    """Compare the edges that an emulated bench I/O board captures with those that the emulator saw (BOARD-4)."""
    from hil.protocols.edges.desk import measure, report

    with recorded(out, "desk-edges", bench="desk-emulated", seed=1) as run:
        typer.echo(report(run.take(measure(steps), lambda each: each["verdict"] == "pass"), out))
    raise typer.Exit(run.exit_code)


@app.command()
def occlusion(
    seed: Annotated[int, typer.Option(min=0, help="Which campaign.")] = 1,
    out: Annotated[Path, typer.Option(help="Where to write the figures.")] = Path("build/occlusion.json"),
    patient_years: Annotated[float, typer.Option(min=0.1, help="Simulated years without a fault.")] = 20,
    workers: Annotated[int, typer.Option(min=1, help="Lives at a time, one core each.")] = 2,
) -> None:
    """Judge the occlusion detector: faults × rates × catheters × seeds, and years without a fault."""
    from hil.protocols.occlusion import run

    with fresh(out, out.with_suffix(".html")):
        code = run.run(seed, out, patient_years=patient_years, workers=workers, say=typer.echo)
    raise typer.Exit(code)


@app.command()
def powerloss(
    out: Annotated[Path, typer.Option(help="Where to write the figures.")] = Path("build/powerloss.json"),
    script: Annotated[str, typer.Option(help="Which life is cut: hour or short.")] = "hour",
    workers: Annotated[int, typer.Option(min=1, help="Boards at a time, one core each.")] = 2,
    recovery_every: Annotated[int, typer.Option(min=1, help="Also cut the recovery after every Nth cut.")] = 1,
) -> None:
    """Cut the power at every write and exchange of a scripted life and of its recovery; restart and check each time."""
    from hil.protocols.powerloss.run import report, run
    from hil.protocols.powerloss.script import SCRIPTS

    there_is("--script", "life", SCRIPTS, [script])
    with recorded(out, "powerloss", seed=1) as recording:
        figures = run(script, workers=workers, recovery_every=recovery_every)
        typer.echo(report(recording.take(figures, lambda each: not each["violations"]), out))
    raise typer.Exit(recording.exit_code)


@app.command()
def floods(
    out: Annotated[Path, typer.Option(help="The figures.")] = Path("build/link-floods.json"),
    seconds: Annotated[float, typer.Option(min=4, help="How long each kind of request floods the link.")] = 600,
    workers: Annotated[int, typer.Option(min=1, help="Emulators at once.")] = 2,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind of request; may be repeated.")] = None,
    quantum: Annotated[list[int] | None, typer.Option(help="Strokes of 500 or 125 nl only; both otherwise.")] = None,
) -> None:
    """Flood the emulated Pico's link with each kind of request and attack while a 40 U bolus runs."""
    from hil.protocols.floods.drive import QUANTA_NL
    from hil.protocols.floods.requests import KINDS
    from hil.protocols.floods.run import run

    there_is("--kind", "kind of request", KINDS, kind or ())
    there_is("--quantum", "stroke of", QUANTA_NL, quantum or ())
    with recorded(out, "turns" if out.stem == "turns" else "floods", bench="emulated", keep=True) as recording:
        good = run(
            out, seconds=seconds, workers=workers, kinds=kind or KINDS, quanta_nl=quantum or QUANTA_NL, said=typer.echo
        )
        write_json(out, recording.take(read_json(out), lambda _: good))
    raise typer.Exit(recording.exit_code)


@app.command("same-strokes")
def same_strokes(
    out: Annotated[Path, typer.Option(help="The figures.")] = Path("build/same-strokes-virtual.json"),
    bench_name: Annotated[str, typer.Option("--bench", help="virtual, emulated, emulated-stm32 …")] = "virtual",
    seconds: Annotated[float, typer.Option(min=4, help="How long each flood lasts.")] = 600,
    workers: Annotated[int, typer.Option(min=1, help="Boards at once.")] = 2,
) -> None:
    """Dose under each kind of flood, and compare every stroke with those of a silent line."""
    from hil.protocols.floods.same import passed, report, run

    with recorded(out, "same-strokes", bench=bench_name) as recording:
        typer.echo(report(recording.take(run(bench_name, seconds, workers, typer.echo), passed), out))
    raise typer.Exit(recording.exit_code)


@app.command("flood-cost")
def flood_cost(
    out: Annotated[Path, typer.Option(help="The figures.")] = Path("build/flood-cost.json"),
    seconds: Annotated[float, typer.Option(min=4, help="How long each flood lasts.")] = 20,
    times: Annotated[int, typer.Option(min=1, help="How often a programmer comes in.")] = 20,
) -> None:
    """Measure what forged openings cost the emulated Pico, and how soon a programmer with presence comes in."""
    from hil.protocols.floods.cost import measure, passed, report

    with recorded(out, "flood-cost", bench="emulated", seed=1) as recording:
        typer.echo(report(recording.take(measure(seconds, times), passed), out))
    raise typer.Exit(recording.exit_code)


@app.command()
def life(
    seed: Annotated[int, typer.Option(min=0, help="Which life.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for summary and report.")] = Path("build/life"),
    days: Annotated[int, typer.Option(min=30, help="Length of the life; eight years are 2,922 days.")] = 2922,
) -> None:
    """Run the firmware through eight years of one patient's life, checked every day."""
    from hil.protocols.life.run import LIMIT_S, run, told

    with fresh(out / "summary.json", out / "report.html"):
        figures = run(seed, out, days=days)
    typer.echo(told(figures, out))
    if figures["wall_s"] > LIMIT_S:
        typer.echo(f"slower than the {LIMIT_S} s allowed on two cores")
    if figures["violations"]:
        raise typer.Exit(EXIT_FAIL)


app.command()(commands.pump)
app.command()(provision.provision)
app.command(context_settings={"ignore_unknown_options": True})(commands.fault)  # a figure may begin with a minus


def main() -> None:
    """Entry point of `pump-bench`: like app(), but with the exit code of a broken bench."""
    with ending():
        app(prog_name="pump-bench")


if __name__ == "__main__":
    main()
