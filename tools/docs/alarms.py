"""Writes docs/alarms.md from the firmware's alarm table and the texts: `python -m tools.docs.alarms`."""

from pathlib import Path

from firmware.protocol import alarms
from host.texts import alarms_en, alarms_fr

PAGE = Path(__file__).resolve().parents[2] / "docs" / "alarms.md"
HEAD = """\
# Alarms

<!-- Made by tools/docs/alarms.py from firmware/protocol/alarms.py and host/texts/alarms_*.py: do not edit. -->

An alarm latches: it stays until somebody acknowledges it and its cause is gone. Acknowledging never starts delivery;
that takes a command of its own. An alarm whose cause can last for days (*can be quieted*) is silent for a day after it
was acknowledged, or until its next mark, but stays on display. An alarm keeps its start time and its figure over a
reset, and with them its order and its tones. Of several alarms the one of highest priority is shown; an alarm that
gives the reason is shown instead of those that only report the fact. High sounds four tones a minute for ten minutes,
then four double tones a minute for ten minutes, and repeats. Medium sounds a double tone a minute for ten minutes, then
three tones every half hour. Low sounds three tones every half hour.

*stop* completes the stroke in progress and delivers nothing more; *stop now* stops the motor as well. For the effect on
therapy see [therapy.md](therapy.md). `pump alarms` shows the latched alarms, `pump acknowledge occlusion` clears one.

| no. | name | priority | action | can be quieted | not shown beside |
|---|---|---|---|---|---|
"""
LANGUAGES = (
    ("In English", "what it means", "what to do", alarms_en.TEXTS),
    ("En français", "signification", "que faire", alarms_fr.TEXTS),
)


def page() -> str:
    """Return the whole page."""
    lines = [HEAD.rstrip("\n")]
    for alarm in alarms.ALARMS:
        priority, action = alarms.PRIORITIES[alarm.priority], alarms.ACTIONS[alarm.action].replace("_", " ")
        quiet = "yes" if alarm.name in alarms.LASTING else ""
        others = ", ".join(f"`{name}`" for name in alarm.yields_to)
        lines.append(f"| {alarm.number} | `{alarm.name}` | {priority} | {action} | {quiet} | {others} |")
    for heading, meaning, advice, texts in LANGUAGES:
        lines += ["", f"## {heading}", "", f"| | {meaning} | {advice} |", "|---|---|---|"]
        for alarm in alarms.ALARMS:
            title, means, do = texts[alarm.name]
            lines.append(f"| **{title}** | {means} | {do} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
