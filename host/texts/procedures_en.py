"""Texts of the steps of each procedure and the basis of each, for the programmer and docs/procedures.md.

By procedure and step: (what to do, basis). A basis that begins with "assumed" has no source; the others name theirs: D
is the MiniMed 2007D physician manual (2004), C the 2007C physician manual, R1 Renard, Diabetes Care 1996;19:812.

Implements: THER-5, THER-6
"""

TITLES = {
    "refill": "Refill: what is left is drawn out and measured, fresh insulin in, the vacuum restored.",
    "rinse": "Rinse: sodium hydroxide, then buffer, then insulin through the mechanism, against deposits in valves.",
    "flush": "Flush: buffer through the side port and the catheter, by hand, against an obstruction.",
    "stroke_volume": "Stroke volume: strokes into a pipette. Tests the pump.",
    "patency": "Patency: a few strokes, and how the pressure falls. Tests the catheter.",
}

_REMOVED = "D App. E; the volume's use: D App. C (refill form)"
_EQUALISE = "C p. 159, 169; D p. 132"
_PULL = "C p. 159: 4 U, which are 20 strokes; that it goes to the side port and not to the patient is inferred"
_DRAWN = "C p. 169: at least 1 ml"


def _cycle(fluid: str, words: str, number: str) -> dict[tuple[str, str], tuple[str, str]]:
    """The texts of one fluid's four steps."""
    return {
        ("rinse", "fill_" + fluid): (
            f"Let the vacuum draw {words} in; never push the plunger. Enter how much.",
            "D p. 122 (never push), App. E (order)" + number,
        ),
        ("rinse", "equalise_" + fluid): (
            "Open a second syringe of about 10 ml in the fill port; put a 5 ml syringe with its plunger locked under"
            " vacuum into the side port.",
            _EQUALISE,
        ),
        ("rinse", "pull_" + fluid): ("Let the pump deliver 4 U, which opens its valve.", _PULL),
        ("rinse", "drawn_" + fluid): (
            "Wait until at least 1 ml has come into the side port syringe; if it stops before, again.",
            _DRAWN,
        ),
    }


TEXTS = {
    ("refill", "prepare"): (
        "Read the status: what should be left. Draw 5 ml of buffer into syringe RB, free it of bubbles, close, weigh."
        " Weigh syringe IN. Put the needle into the fill port.",
        "D p. 84 (App. C)",
    ),
    ("refill", "withdraw"): ("Draw out all that is left. Weigh RB again and enter the volume withdrawn.", "D p. 84"),
    ("refill", "fill"): (
        "Open syringe IN: the vacuum draws the insulin in until the level stops. Never push the plunger. Weigh it and"
        " enter what went in.",
        "D p. 122; degassing by 30 s of shaking under vacuum: 2007C physician manual, part 2",
    ),
    ("refill", "take_back"): ("Take 2 ml back, which restores the vacuum, and enter how much it was.", "D p. 122"),
    ("refill", "judge"): (
        "Look at the refill accuracy. Beyond ±15 % weigh again, then follow its band. Remove the needle. Watch glucose:"
        " a little insulin may lie under the skin.",
        "R1 (15 %, 50 %); hazard: 2007D patient manual, p. 66",
    ),
    ("rinse", "minimal_basal"): (
        "Program the minimal basal rate: that is what the pump resumes with. It is stopped now.",
        "D App. E (minimal basal first); stopped instead of minimal: choice of this project",
    ),
    ("rinse", "needles"): ("Put the guide needles into fill port and side port.", "D App. E"),
    ("rinse", "remove_insulin"): ("Draw out all insulin and enter how much it was.", _REMOVED),
    **_cycle("naoh", "sodium hydroxide, 0.01 mol/l,", "; 0.01 mol/l: R1; volume: assumed"),
    ("rinse", "soak_naoh"): ("Let it act as long as the clinic's procedure says.", "assumed: no time is published"),
    ("rinse", "remove_naoh"): ("Draw out all sodium hydroxide and enter how much it was.", "D App. E"),
    **_cycle("buffer", "rinse buffer", ""),
    ("rinse", "remove_buffer"): ("Draw out all buffer and enter how much it was.", "D App. E"),
    **_cycle("insulin", "insulin", ""),
    ("rinse", "take_back"): ("Take 2 ml back, which restores the vacuum.", "D p. 122"),
    ("rinse", "remove_needles"): ("Remove the guide needles; record what was used.", "D App. E"),
    ("rinse", "new_basal"): ("Program the new basal rate, then resume.", "D App. E"),
    ("flush", "prepare"): (
        "Have glucose and glucagon at hand: the catheter's 13 U go into the patient. Watch glucose for an hour.",
        "D p. 121; C p. 170",
    ),
    ("flush", "displace"): (
        "Put a syringe of buffer into the side port. With time in hand, push the 13 U out in cautious small amounts.",
        "C p. 170 (cautious amounts); by hand: assumed",
    ),
    ("flush", "flush"): (
        "Push 10 to 20 ml of buffer at once, in no longer than one to two minutes. The only time a plunger is pushed.",
        "C p. 170",
    ),
    ("flush", "wash_out"): (
        "Let the pump push the catheter's 13 U of buffer out; before that no insulin reaches the patient.",
        "D p. 122",
    ),
    ("stroke_volume", "prepare"): (
        "Put a graduated pipette on the side port, its meniscus at a mark.",
        "D p. 109 and Figure 8 (pipette, before implanting); at the side port: assumed",
    ),
    ("stroke_volume", "count"): ("Enter how many strokes.", "assumed: 10 to 100"),
    ("stroke_volume", "strokes"): ("Let the pump make them.", "D p. 109"),
    ("stroke_volume", "read"): (
        "Enter what the pipette shows. Within ±15 % of a stroke's 500 nl is accepted.",
        "assumed: no acceptance is published",
    ),
    ("stroke_volume", "remove"): ("Remove the pipette.", "assumed"),
    ("patency", "prepare"): (
        "Lie still. With a manometer needle in the side port, if one is used, open it.",
        "D p. 109; recording manometer: Saudek, NIH grant M01-RR000052 report",
    ),
    ("patency", "strokes"): ("Let the pump make its test strokes: 1 U, which the patient receives.", "assumed: 1 U"),
    ("patency", "watch"): (
        "Enter the pressure and say whether it falls back (open), stays up (blocked) or showed no pulse (air,"
        " mechanism).",
        "D p. 109 (tests patency); patterns: assumed",
    ),
}
