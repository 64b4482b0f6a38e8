"""Ce qu'une personne lit à chaque étape d'une procédure, et ce qu'on en sait: the steps' texts in French.

By procedure and step, as host/texts/procedures_en.py has them; a test compares the keys. « supposé » is its "assumed".

Implements: THER-5, THER-6
"""

TITLES = {
    "refill": "Remplissage : le reste est retiré et mesuré, l'insuline fraîche entre, le vide est rétabli.",
    "rinse": "Rinçage : soude, puis tampon, puis insuline à travers le mécanisme, contre les dépôts des valves.",
    "flush": "Purge : tampon par le port latéral et le cathéter, à la main, contre une obstruction.",
    "stroke_volume": "Volume d'un coup : des coups dans une pipette. Contrôle la pompe.",
    "patency": "Perméabilité : quelques coups, et la chute de la pression. Contrôle le cathéter.",
}

_REMOVED = "D ann. E ; l'emploi du volume : D ann. C (fiche de remplissage)"
_EQUALISE = "C p. 159, 169 ; D p. 132"
_PULL = "C p. 159 : 4 U, soit 20 coups ; qu'elles vont au port latéral et non au patient est déduit"
_DRAWN = "C p. 169 : au moins 1 ml"


def _cycle(fluid: str, words: str, number: str) -> dict[tuple[str, str], tuple[str, str]]:
    """The texts of one fluid's four steps."""
    return {
        ("rinse", "fill_" + fluid): (
            f"Laisser le vide aspirer {words} ; ne jamais pousser le piston. Entrer le volume.",
            "D p. 122 (ne jamais pousser), ann. E (ordre)" + number,
        ),
        ("rinse", "equalise_" + fluid): (
            "Ouvrir une seconde seringue d'environ 10 ml dans le port de remplissage ; mettre au port latéral une"
            " seringue de 5 ml au piston bloqué sous vide.",
            _EQUALISE,
        ),
        ("rinse", "pull_" + fluid): ("Laisser la pompe délivrer 4 U, ce qui ouvre sa valve.", _PULL),
        ("rinse", "drawn_" + fluid): (
            "Attendre qu'au moins 1 ml soit venu dans la seringue du port latéral ; s'il s'arrête avant, recommencer.",
            _DRAWN,
        ),
    }


TEXTS = {
    ("refill", "prepare"): (
        "Lire l'état : ce qui devrait rester. Aspirer 5 ml de tampon dans la seringue RB, chasser les bulles, fermer,"
        " peser. Peser la seringue IN. Mettre l'aiguille dans le port de remplissage.",
        "D p. 84 (ann. C)",
    ),
    ("refill", "withdraw"): ("Retirer tout ce qui reste. Repeser RB et entrer le volume retiré.", "D p. 84"),
    ("refill", "fill"): (
        "Ouvrir la seringue IN : le vide aspire l'insuline jusqu'à ce que le niveau s'arrête. Ne jamais pousser le"
        " piston. La peser et entrer ce qui est entré.",
        "D p. 122 ; dégazage par 30 s d'agitation sous vide : manuel médecin 2007C, 2e partie",
    ),
    ("refill", "take_back"): ("Reprendre 2 ml, ce qui rétablit le vide, et entrer le volume.", "D p. 122"),
    ("refill", "judge"): (
        "Regarder la précision du remplissage. Au-delà de ±15 % repeser, puis suivre sa bande. Retirer l'aiguille."
        " Surveiller la glycémie : un peu d'insuline peut se trouver sous la peau.",
        "R1 (15 %, 50 %) ; danger : manuel patient 2007D, p. 66",
    ),
    ("rinse", "minimal_basal"): (
        "Programmer le débit basal minimal : la pompe reprendra avec lui. Elle est arrêtée maintenant.",
        "D ann. E (basal minimal d'abord) ; arrêtée plutôt que minimal : choix de ce projet",
    ),
    ("rinse", "needles"): ("Mettre les aiguilles guides dans le port de remplissage et le port latéral.", "D ann. E"),
    ("rinse", "remove_insulin"): ("Retirer toute l'insuline et entrer le volume.", _REMOVED),
    **_cycle("naoh", "la soude à 0,01 mol/l", " ; 0,01 mol/l : R1 ; volume : supposé"),
    ("rinse", "soak_naoh"): (
        "La laisser agir aussi longtemps que le veut le protocole du centre.",
        "supposé : aucune durée n'est publiée",
    ),
    ("rinse", "remove_naoh"): ("Retirer toute la soude et entrer le volume.", "D ann. E"),
    **_cycle("buffer", "le tampon de rinçage", ""),
    ("rinse", "remove_buffer"): ("Retirer tout le tampon et entrer le volume.", "D ann. E"),
    **_cycle("insulin", "l'insuline", ""),
    ("rinse", "take_back"): ("Reprendre 2 ml, ce qui rétablit le vide.", "D p. 122"),
    ("rinse", "remove_needles"): ("Retirer les aiguilles guides ; noter ce qui a servi.", "D ann. E"),
    ("rinse", "new_basal"): ("Programmer le nouveau débit basal, puis reprendre.", "D ann. E"),
    ("flush", "prepare"): (
        "Avoir glucose et glucagon à portée : les 13 U du cathéter vont au patient. Surveiller la glycémie une heure.",
        "D p. 121 ; C p. 170",
    ),
    ("flush", "displace"): (
        "Mettre une seringue de tampon au port latéral. Si le temps le permet, pousser les 13 U par petites quantités"
        " prudentes.",
        "C p. 170 (quantités prudentes) ; à la main : supposé",
    ),
    ("flush", "flush"): (
        "Pousser 10 à 20 ml de tampon d'un trait, en une à deux minutes au plus. La seule fois où l'on pousse un"
        " piston.",
        "C p. 170",
    ),
    ("flush", "wash_out"): (
        "Laisser la pompe pousser les 13 U de tampon hors du cathéter ; avant cela aucune insuline n'atteint le"
        " patient.",
        "D p. 122",
    ),
    ("stroke_volume", "prepare"): (
        "Mettre une pipette graduée au port latéral, son ménisque à un trait.",
        "D p. 109 et figure 8 (pipette, avant l'implantation) ; au port latéral : supposé",
    ),
    ("stroke_volume", "count"): ("Entrer le nombre de coups.", "supposé : 10 à 100"),
    ("stroke_volume", "strokes"): ("Laisser la pompe les faire.", "D p. 109"),
    ("stroke_volume", "read"): (
        "Entrer ce que montre la pipette. Un coup de 500 nl est accepté à ±15 %.",
        "supposé : aucun critère n'est publié",
    ),
    ("stroke_volume", "remove"): ("Retirer la pipette.", "supposé"),
    ("patency", "prepare"): (
        "Rester allongé sans bouger. Ouvrir l'aiguille du manomètre au port latéral, s'il y en a une.",
        "D p. 109 ; manomètre enregistreur : Saudek, rapport NIH M01-RR000052",
    ),
    ("patency", "strokes"): ("Laisser la pompe faire ses coups d'essai : 1 U, que le patient reçoit.", "supposé : 1 U"),
    ("patency", "watch"): (
        "Entrer la pression et dire si elle retombe (ouvert), reste haute (bouché) ou n'a montré aucune onde (air,"
        " mécanisme).",
        "D p. 109 (contrôle la perméabilité) ; formes : supposées",
    ),
}
