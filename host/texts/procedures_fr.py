"""Ce qu'une personne lit à chaque étape d'une procédure, et ce qu'on en sait: the steps' texts in French.

By procedure and step, as host/texts/procedures_en.py has them; a test compares the keys. « supposé » is its "assumed".

Implements: THER-5, THER-6
"""

TITLES = {
    "refill": "Remplissage : le reste est retiré et mesuré, l'insuline fraîche entre, le vide est rétabli.",
    "rinse": "Rinçage : soude, puis tampon, puis insuline à travers le mécanisme, contre les dépôts des valves.",
    "flush": "Purge : tampon par le port latéral et le cathéter, à la main, contre une obstruction.",
    "stroke_volume": "Volume d'une impulsion : des impulsions dans une pipette. Contrôle la pompe.",
    "patency": "Perméabilité : quelques impulsions, et la chute de la pression. Contrôle le cathéter.",
}

_REMOVED = "D ann. E ; l'emploi du volume : D ann. C (fiche de remplissage)"
_EQUALISE = "C p. 159, 169 ; D p. 132"
_PULL = "C p. 159 : 4 U, soit 20 impulsions ; qu'elles vont au port latéral et non au patient est déduit"
_DRAWN = "C p. 169 : au moins 1 ml"


def _cycle(fluid: str, words: str, number: str) -> dict[tuple[str, str], tuple[str, str]]:
    """The texts of one fluid's four steps."""
    return {
        ("rinse", "fill_" + fluid): (
            f"Laissez le vide aspirer {words} ; ne poussez jamais le piston. Entrez le volume.",
            "D p. 122 (ne jamais pousser), ann. E (ordre)" + number,
        ),
        ("rinse", "equalise_" + fluid): (
            "Ouvrez une seconde seringue d'environ 10 ml dans le port de remplissage ; mettez au port latéral une"
            " seringue de 5 ml au piston bloqué sous vide.",
            _EQUALISE,
        ),
        ("rinse", "pull_" + fluid): ("Laissez la pompe délivrer 4 U, ce qui ouvre sa valve.", _PULL),
        ("rinse", "drawn_" + fluid): (
            "Attendez qu'au moins 1 ml soit venu dans la seringue du port latéral ; s'il s'arrête avant, recommencez.",
            _DRAWN,
        ),
    }


TEXTS = {
    ("refill", "prepare"): (
        "Lisez l'état : ce qui devrait rester. Aspirez 5 ml de tampon dans la seringue RB, chassez les bulles, fermez,"
        " pesez. Pesez la seringue IN. Mettez l'aiguille dans le port de remplissage.",
        "D p. 84 (ann. C)",
    ),
    ("refill", "withdraw"): ("Retirez tout ce qui reste. Repesez RB et entrez le volume retiré.", "D p. 84"),
    ("refill", "fill"): (
        "Ouvrez la seringue IN : le vide aspire l'insuline jusqu'à ce que le niveau s'arrête. Ne poussez jamais le"
        " piston. Pesez-la et entrez le volume passé dans la pompe.",
        "D p. 122 ; dégazage par 30 s d'agitation sous vide : manuel médecin 2007C, 2e partie",
    ),
    ("refill", "take_back"): ("Reprenez 2 ml, ce qui rétablit le vide, et entrez le volume.", "D p. 122"),
    ("refill", "judge"): (
        "Regardez la précision du remplissage. Au-delà de ±15 %, repesez, puis suivez le conseil affiché. Retirez"
        " l'aiguille. Surveillez la glycémie : un peu d'insuline peut se trouver sous la peau.",
        "R1 (15 %, 50 %) ; danger : manuel patient 2007D, p. 66",
    ),
    ("rinse", "minimal_basal"): (
        "Programmez le débit basal minimal : la pompe reprendra avec lui. Elle est arrêtée maintenant.",
        "D ann. E (basal minimal d'abord) ; arrêtée plutôt que minimal : choix de ce projet",
    ),
    ("rinse", "needles"): ("Mettez les aiguilles guides dans le port de remplissage et le port latéral.", "D ann. E"),
    ("rinse", "remove_insulin"): ("Retirez toute l'insuline et entrez le volume.", _REMOVED),
    **_cycle("naoh", "la soude à 0,01 mol/l", " ; 0,01 mol/l : R1 ; volume : supposé"),
    ("rinse", "soak_naoh"): (
        "Laissez-la agir aussi longtemps que le veut le protocole du centre.",
        "supposé : aucune durée n'est publiée",
    ),
    ("rinse", "remove_naoh"): ("Retirez toute la soude et entrez le volume.", "D ann. E"),
    **_cycle("buffer", "le tampon de rinçage", ""),
    ("rinse", "remove_buffer"): ("Retirez tout le tampon et entrez le volume.", "D ann. E"),
    **_cycle("insulin", "l'insuline", ""),
    ("rinse", "take_back"): ("Reprenez 2 ml, ce qui rétablit le vide.", "D p. 122"),
    ("rinse", "remove_needles"): ("Retirez les aiguilles guides ; notez ce qui a servi.", "D ann. E"),
    ("rinse", "new_basal"): ("Programmez le nouveau débit basal, puis reprenez la perfusion.", "D ann. E"),
    ("flush", "prepare"): (
        "Ayez glucose et glucagon à portée : les 13 U du cathéter vont au patient. Surveillez la glycémie une heure.",
        "D p. 121 ; C p. 170",
    ),
    ("flush", "displace"): (
        "Mettez une seringue de tampon au port latéral. Si le temps le permet, poussez les 13 U par petites quantités"
        " prudentes.",
        "C p. 170 (quantités prudentes) ; à la main : supposé",
    ),
    ("flush", "flush"): (
        "Poussez 10 à 20 ml de tampon d'un trait, en une à deux minutes au plus. La seule fois où l'on pousse un"
        " piston.",
        "C p. 170",
    ),
    ("flush", "wash_out"): (
        "Laissez la pompe pousser les 13 U de tampon hors du cathéter ; avant cela aucune insuline n'atteint le"
        " patient.",
        "D p. 122",
    ),
    ("stroke_volume", "prepare"): (
        "Mettez une pipette graduée au port latéral, son ménisque à un trait.",
        "D p. 109 et figure 8 (pipette, avant l'implantation) ; au port latéral : supposé",
    ),
    ("stroke_volume", "count"): ("Entrez le nombre d'impulsions.", "supposé : 10 à 100"),
    ("stroke_volume", "strokes"): ("Laissez la pompe les faire.", "D p. 109"),
    ("stroke_volume", "read"): (
        "Entrez ce que montre la pipette. Une impulsion de 500 nl est acceptée à ±15 %.",
        "supposé : aucun critère n'est publié",
    ),
    ("stroke_volume", "remove"): ("Retirez la pipette.", "supposé"),
    ("patency", "prepare"): (
        "Restez allongé sans bouger. Ouvrez l'aiguille du manomètre au port latéral, s'il y en a une.",
        "D p. 109 ; manomètre enregistreur : Saudek, rapport NIH M01-RR000052",
    ),
    ("patency", "strokes"): (
        "Laissez la pompe faire ses impulsions d'essai : 1 U, que le patient reçoit.",
        "supposé : 1 U",
    ),
    ("patency", "watch"): (
        "Entrez la pression et dites si elle retombe (ouvert), reste haute (bouché) ou n'a montré aucune onde (air,"
        " mécanisme).",
        "D p. 109 (contrôle la perméabilité) ; formes : supposées",
    ),
}
