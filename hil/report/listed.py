"""The runs of the bench that a folder of results may hold: their files, what each asks, and how to run it."""

from __future__ import annotations

from dataclasses import dataclass

_VIRTUAL = "The firmware and its dose core are the real ones; board and plant are simulated, in logical time."
_EMULATED = "The image is the one that is flashed; the chip it runs on is emulated, the plant is simulated."


@dataclass(frozen=True)
class Listed:
    """One run. `pattern` finds its files of results below the folder; a page lies beside each, if it has one."""

    name: str
    pattern: str
    title: str
    question: str
    command: str
    simulated: str = _VIRTUAL


RUNS = (
    Listed("accuracy", "bench/results.json", "Accuracy", "Does the pump deliver what was programmed?", "make bench"),
    Listed("life", "life/summary.json", "A life", "Does the pump live through eight years?", "make life"),
    Listed(
        "occlusion",
        "occlusion*.json",
        "Occlusion",
        "Is a blocked catheter found, and told from what looks like it?",
        "make occlusion",
        "The detector is the firmware's own; faults, catheters and bodies are models.",
    ),
    Listed(
        "powerloss",
        "powerloss.json",
        "Power cuts",
        "Is the count right after a power cut at any write and any exchange?",
        "make powerloss",
    ),
    Listed(
        "edges",
        "edges.json",
        "Step edges under load",
        "Do strokes start in time, with exact edges, whatever the processor does?",
        "make edges",
        _EMULATED,
    ),
    Listed(
        "aimed",
        "aimed.json",
        "Orders aimed at a stroke",
        "Is every order that arrives as a stroke starts in force, and no stop lost?",
        "make aimed",
        _EMULATED,
    ),
    Listed(
        "floods",
        "link-floods.json",
        "Floods on the link",
        "Do strokes keep their time while the link is flooded?",
        "make link-floods",
        _EMULATED,
    ),
    Listed(
        "same-strokes",
        "same-strokes*.json",
        "The same strokes under every flood",
        "Are the strokes those of a silent line, whatever comes over it?",
        "make same-strokes",
        "Board and plant are simulated or emulated, as the bench's name says.",
    ),
    Listed(
        "flood-cost",
        "flood-cost.json",
        "A flood of forged openings",
        "What does it cost the battery, and does a programmer with presence get in?",
        "make flood-cost",
        "Awake times are of the emulated Pico; charge is computed with currents that nobody has measured.",
    ),
    Listed(
        "turns",
        "turns.json",
        "The supervisor's longest turn",
        "How long does each kind of request keep the supervisor busy?",
        "make turns",
        _EMULATED,
    ),
    Listed(
        "desk-edges",
        "desk-edges.json",
        "Edges by the bench I/O board",
        "Does the bench I/O board capture every edge at its time?",
        "make desk-edges",
        _EMULATED,
    ),
    Listed(
        "day",
        "day*.json",
        "A day",
        "Does a day of basal with a large bolus go as programmed?",
        "make day",
        "Board and plant are simulated or emulated, as the bench's name says.",
    ),
    Listed("speed", "speed.json", "Speed", "How much faster than real time does a bench run?", "make speed"),
    Listed(
        "awake", "awake.json", "Awake time", "How long is the processor awake for a stroke?", "make awake", _EMULATED
    ),
    Listed(
        "start-up",
        "start-up.json",
        "Start of the programmer",
        "Does the pump command start without making a person wait?",
        "make start-up",
        "The command is the real one; the pump that it asks is a virtual board.",
    ),
    Listed("oracle", "oracle.json", "Random scripts", "Does the pump do what the oracle says?", "make scripts-nightly"),
    Listed("storms", "storms.json", "Volleys", "Does it, under volleys of orders?", "make scripts-nightly"),
    Listed("twins", "scripts.json", "Twin runs", "Do twin runs differ only where they may?", "make scripts-nightly"),
    Listed("trace", "requirements.json", "Requirements", "Which requirements do the tests show?", "make trace"),
    Listed(
        "suite",
        "hil-*.json",
        "HIL suite",
        "Does the pump pass every test on this bench?",
        "make hil",
        "Board and plant are simulated or emulated, as the bench's name says; a desk has real boards.",
    ),
)


def listed(name: str) -> Listed:
    """Return the run of this name."""
    return next(each for each in RUNS if each.name == name)
