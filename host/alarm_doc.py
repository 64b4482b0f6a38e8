"""Write docs/alarms.md from the firmware's alarm table and its texts.

python -m tools.alarm_table
"""

from firmware.alarms import table, texts_en, texts_fr
from tools.console import ROOT, say

PAGE = ROOT / "docs" / "alarms.md"
HEAD = """\
# Alarms

<!-- Made by tools/alarm_table.py from firmware/alarms: do not edit. -->

An alarm latches: it stays until somebody acknowledges it and its cause is gone. Acknowledging never starts delivery; that takes
a command of its own. Of several the one of highest priority is shown, and one that says why is shown instead of those that only
say that. High sounds four tones a minute for ten minutes, then four double tones a minute for ten minutes, and again; medium a
double tone a minute for ten minutes, then three tones every half hour; low three tones every half hour.

*stop* completes the stroke in progress and delivers nothing more; *stop now* stops the motor as well. The pump does not raise
these alarms yet: this is the table, its texts, the latching and the tones.

| no. | name | priority | action | not shown beside |
|---|---|---|---|---|
"""
TEXT_HEADS = {"en": ("In English", "what it means", "what to do"), "fr": ("En français", "signification", "que faire")}


def page() -> str:
    """The whole page."""
    lines = [HEAD.rstrip("\n")]
    for alarm in table.ALARMS:
        priority, action = table.PRIORITIES[alarm.priority], table.ACTIONS[alarm.action].replace("_", " ")
        others = ", ".join(f"`{name}`" for name in alarm.yields_to)
        lines.append(f"| {alarm.number} | `{alarm.name}` | {priority} | {action} | {others} |")
    for language, texts in (("en", texts_en.TEXTS), ("fr", texts_fr.TEXTS)):
        heading, meaning, advice = TEXT_HEADS[language]
        lines += ["", f"## {heading}", "", f"| | {meaning} | {advice} |", "|---|---|---|"]
        for alarm in table.ALARMS:
            title, means, do = texts[alarm.name]
            lines.append(f"| **{title}** | {means} | {do} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    say(str(PAGE.relative_to(ROOT)))
