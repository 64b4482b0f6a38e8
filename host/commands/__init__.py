"""The commands of `pump`, by theme: each module has an `app` with its commands.

The table below names them all, so that host/cli.py lists and completes them without loading any, and runs one without
loading the others. A test compares it with the modules.
"""

# Heading of the help: {command: (module, summary)}.
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Look": {
        "status": ("look", "Show what the pump is doing: state, rates, boluses, alarms, ledgers, limits."),
        "monitor": ("look", "Show the status repeatedly, until Ctrl-C. With --json: one line per reading."),
        "telemetry": (
            "look",
            "Have the pump send its status unasked. With --json: one line per frame, with battery and timing.",
        ),
        "log": ("look", "Show the event log, oldest first."),
        "deliveries": ("look", "Show the delivery ledger, oldest first."),
        "diagnosis": ("look", "Show the finding about the catheter: occlusion, air lock, backflow, stall, sensor."),
        "time": ("look", "Show the pump's clocks: the local time by which patterns run, UTC, device time."),
        "hello": ("look", "Show the pump's identity and what runs on it."),
    },
    "Deliver": {
        "bolus": ("bolus", "Start a bolus of whole strokes."),
        "cancel": ("bolus", "End every running bolus and show what was delivered."),
        "set-basal": (
            "basal",
            "Set one basal rate for the whole day (U/h, in steps of 0.05), in place of a pattern.",
        ),
        "temp": (
            "basal",
            "Run a temporary basal rate, or end it: temp 50% --for 2h, temp 0.8 --for 90min, temp cancel.",
        ),
        "recommend": ("basal", "Recommend a basal rate as a closed loop does; it lapses unless renewed."),
        "pattern": ("pattern", "Show, edit and select basal patterns."),
        "suspend": (
            "running",
            "End boluses and a temporary rate; basal goes on at the least rate. The pump sounds reminders.",
        ),
        "stop": ("running", "Stop delivery altogether after the stroke in progress."),
        "resume": (
            "running",
            "Resume delivery at the programmed basal rate after a suspend or a stop; boluses stay ended.",
        ),
    },
    "Alarms": {
        "alarms": ("alarms", "Show the latched alarms, their meaning and what to do."),
        "acknowledge": (
            "alarms",
            "Clear an alarm whose cause is gone, or quiet one for a day. This does not restart delivery.",
        ),
    },
    "Clinic": {
        "reservoir": (
            "reservoir",
            "Show the reservoir's content, how long it lasts, and when the next refill is due.",
        ),
        "refill": (
            "reservoir",
            "Record a refill by weight, and show how well count and weight agree. Asks for values not given.",
        ),
        "limits": ("clinic", "Show the clinician limits, or set those given."),
        "settings": ("clinic", "Show the settings of what the pump does by itself, or set those given."),
        "set-time": ("clinic", "Set the pump's wall clock; basal goes on as programmed for that time."),
        "initialise-memory": (
            "clinic",
            "Initialise a memory that the pump cannot believe; the pump is stopped and forgets today's use.",
        ),
        "procedure": ("service", "Refill, rinse, flush, stroke volume, patency: guided step by step."),
    },
    "Service": {
        "self-test": (
            "service",
            "Have the pump test itself; delivery goes on meanwhile. Exit code 3 if it does not pass.",
        ),
        "clear-fault": (
            "service",
            "Clear a latched fault after its cause was removed. The pump must pass its self-test, and stays stopped.",
        ),
        "energy": ("service", "Show the charge used, by count and not measured, and how long the rest lasts."),
    },
    "Keys": {
        "programmers": (
            "programmers",
            "Show who may talk to the pump; enrol, revoke, rotate, card, keys. Also as pump enrol, and so on.",
        ),
    },
    "This computer": {
        "ports": ("here", "List the serial ports of this computer, for --port."),
        "completion": ("here", "Print the script that has a shell complete what is typed: bash, zsh, fish."),
    },
}

# Commands of a group that may be given without it, and are not listed twice.
SHORT: dict[str, str] = dict.fromkeys(("enrol", "revoke", "rotate", "card"), "programmers")
