"""The words of the screens that a patient may ask for in French: each English text and how it is said in France.

A test finds every text that a screen has said and looks whether it stands here.

Implements: HOST-1
"""

from __future__ import annotations

import os
import re
from string import Formatter

from host.text import Text
from host.texts.spoken_cards import FRENCH_CARDS
from host.texts.spoken_errors import FRENCH_ERRORS, SYSTEM
from host.texts.spoken_keys import FRENCH_KEYS

FRENCH = FRENCH_ERRORS | FRENCH_KEYS | FRENCH_CARDS | {
    # The status.
    "Pump status": "État de la pompe",
    "(development platform, not a medical device)": "(plateforme de développement, pas un dispositif médical)",
    "state": "état", "alarm": "alarme", "basal": "basal", "programmed": "programmé", "bolus": "bolus",
    "square bolus": "bolus carré", "reservoir": "réservoir", "strokes": "impulsions", "last 60 min": "60 dernières min",
    "last 24 h": "24 dernières h", "pressure": "pression", "catheter": "cathéter", "next stroke": "prochaine impulsion",
    "clock": "heure", "memory": "mémoire", "link": "liaison", "firmware": "logiciel",
    "[red]FAULT[/]": "[red]DÉFAUT[/]",
    "[green]running[/]": "[green]en marche[/]",
    "[yellow]suspended: the least rate goes on, nothing else[/]":
        "[yellow]suspendue : seul le débit minimal continue[/]",
    "[red]stopped: nothing is delivered[/]": "[red]arrêtée : rien n'est perfusé[/]",
    "[yellow]in a procedure, no therapy: pump procedure show[/]":
        "[yellow]en procédure, sans traitement : pump procedure show[/]",
    "none": "aucun", "no stroke": "aucune", "no finding": "rien à signaler",
    "device time {}": "temps de l'appareil {}",
    "{}, and {} more: pump alarms": "{}, et {} de plus : pump alarms",
    "{}: pump alarms": "{} : pump alarms", "no alarm": "aucune",
    "no refill recorded, or empty": "aucun remplissage noté, ou vide",
    "{} commanded, {} delivered, {} abandoned": "{} commandées, {} effectuées, {} abandonnées",
    "{} of at most {}": "{}, maximum {}", "{}, {} missed": "{}, {} non arrivées", "{}, {} released": "{}, {} libérées",
    "in {}": "dans {}", "[red]lost: set the time[/]": "[red]perdue : réglez l'heure[/]",
    "{}, {} resets, {} events": "{}, {} redémarrages, {} événements",
    "{} good frames, {} dropped, {} refusals": "{} trames bonnes, {} perdues, {} refus",
    "[red]{} internal errors[/]": "[red]{} erreurs internes[/]",
    "{}, the least rate": "{}, le débit minimal",
    "{}, [yellow]temporary[/] for another {}": "{}, [yellow]temporaire[/] pendant encore {}",
    "{}, [yellow]recommended[/] for another {}": "{}, [yellow]recommandé[/] pendant encore {}",
    "set by hand": "réglé à la main", "pattern {}": "profil {}",
    "no. {}: {} of {} delivered, {}": "nº {} : {} sur {} perfusées, {}", "over": "terminé", "{} to come": "{} à venir",
    "[yellow]cut short, {} given up: pump deliveries[/]": "[yellow]interrompu, {} abandonnées : pump deliveries[/]",
    ", [bold red]cut by {}[/]": ", [bold red]réduit par {}[/]", "the limit for one hour": "la limite d'une heure",
    "the limit for 24 hours": "la limite de 24 heures",
    # Findings, memory, faults, tests, restarts.
    "occlusion": "bouché", "partial occlusion": "en partie bouché", "air lock": "sans onde de pression",
    "backflow": "reflux", "motor stall": "moteur bloqué", "sensor stuck": "capteur de pression figé",
    "sensor range": "capteur de pression hors plage", "sensor drift": "capteur de pression qui dérive",
    "occlusion cleared": "débouché", "not watched": "non surveillé",
    "whole": "intacte", "mended": "réparée", "caps late": "intacte, limites sur 24 h en retard",
    "write failed": "n'enregistre plus", "damaged": "abîmée", "absent": "ne répond pas",
    "fault {}": "défaut {}", "fault {}, {}": "défaut {}, {}",
    "a safety variable was damaged": "une variable de sécurité a été altérée",
    "strokes ordered and strokes seen do not agree": "les impulsions commandées et vues ne concordent pas",
    "stopped from outside": "arrêtée de l'extérieur",
    "the supervisor broke its promise to be back": "le superviseur n'est pas revenu à temps",
    "tones": "signaux sonores", "telemetry": "télémétrie", "visitors": "programmateurs", "battery": "pile",
    "watchdog": "chien de garde", "Python ended": "le programme s'est terminé",
    "MicroPython gave up": "le programme a abandonné", "processor": "processeur",
    "core answers": "le cœur répond", "native core": "cœur natif", "image": "image", "ram": "mémoire vive",
    "stroke sensor": "capteur d'impulsions", "pressure sensor": "capteur de pression",
    "clock rate": "marche de l'horloge", "spared parts": "parties en panne", "edges forgiven": "impulsions pardonnées",
    "{} left": "reste {}", "{} missing": "{} manquent", "{} strokes withheld": "{} impulsions retenues",
    # Alarms.
    "Alarms": "Alarmes", "Alarms: none.": "Alarmes : aucune.", "To do:": "Que faire :", "{} ago": "depuis {}",
    "cause still there": "cause toujours présente",
    "cause gone: can be acknowledged": "cause disparue : peut être acquittée", "quiet": "silencieuse",
    "high": "haute", "medium": "moyenne", "low": "basse",
    "Acknowledged": "Acquittée",
    "Its cause is still there: it stays, quiet for a day or until its next mark. Acknowledged":
        "La cause est toujours là : l'alarme reste, silencieuse un jour ou jusqu'au seuil suivant. Acquittée",
    "{} at {}. {}": "{} ({}). {}", "No other is latched.": "Il n'y en a pas d'autre.",
    "{} more are latched: pump alarms.": "Autres alarmes en cours : {}. Voir pump alarms.",
    "there is no alarm '{}' now": "il n'y a pas d'alarme « {} » en ce moment",
    # Procedures.
    "Procedure": "Procédure", "under way": "en cours", "latest": "dernière", "none yet": "aucune encore",
    "no procedure": "aucune", "[green]completed[/]": "[green]achevée[/]",
    "left, as it was before": "quittée, tout est comme avant",
    "[red]broken off: no therapy before a refill or a rinse is completed[/]":
        "[red]interrompue : pas de traitement avant un remplissage ou un rinçage achevé[/]",
    "step": "étape", "{} of {}: {}": "{} sur {} : {}", "to do": "à faire", "basis": "source", "say": "réponse",
    "nothing now: {} strokes are still to come": "rien maintenant : {} impulsions sont encore à venir",
    "go: {} strokes ({}) to the {}": "marche : {} impulsions ({}) vers {}", "{}; or {}": "{} ; ou {}",
    "side port": "le port latéral", "insulin test": "insuline d'essai", "buffer": "tampon",
    "naoh": "soude", "diagnostic": "contrôle", "sodium hydroxide": "soude", "insulin": "insuline", "empty": "rien",
    "to the catheter": "le cathéter",
    "{}; insulin reaches the tip after {} µL": "{} ; l'insuline arrive au bout après {} µl",
    "{} µL {}": "{} µl de {}", "[green]may run[/]": "[green]possible[/]", "[red]may not run[/]": "[red]impossible[/]",
    "reservoir holds": "dans le réservoir", "catheter holds": "dans le cathéter", "therapy": "traitement",
    "ready": "prêt", "done": "fait", "go": "marche", "enough": "assez", "again": "encore", "falls": "retombe",
    "stays": "reste", "no pulse": "sans onde", "interrupt": "interrompre",
    "prepare": "préparer", "withdraw": "retirer", "fill": "remplir", "take back": "reprendre", "judge": "juger",
    "minimal basal": "basal minimal", "needles": "aiguilles", "remove insulin": "retirer l'insuline",
    "fill naoh": "remplir de soude", "equalise naoh": "équilibrer (soude)", "pull naoh": "aspirer (soude)",
    "drawn naoh": "volume de soude", "soak naoh": "laisser agir", "remove naoh": "retirer la soude",
    "fill buffer": "remplir de tampon", "equalise buffer": "équilibrer (tampon)", "pull buffer": "aspirer (tampon)",
    "drawn buffer": "volume de tampon", "remove buffer": "retirer le tampon", "fill insulin": "remplir d'insuline",
    "equalise insulin": "équilibrer (insuline)", "pull insulin": "aspirer (insuline)",
    "drawn insulin": "volume d'insuline", "remove needles": "retirer les aiguilles", "new basal": "nouveau basal",
    "displace": "chasser", "flush": "purger", "wash out": "rincer le cathéter", "count": "nombre", "read": "lire",
    "remove": "retirer", "watch": "observer", "unfit": "fin, sans traitement", "left": "fin, comme avant",
    "completed": "fin, achevée",
    "withdrawn": "volume retiré", "put in": "volume rempli", "taken back": "volume repris", "filled": "volume rempli",
    "drawn": "volume aspiré", "flushed": "volume poussé", "pipette": "pipette",
    "{}, {} to {} {}": "{}, de {} à {} {}", "mL": "ml", "µL": "µl", "Pa": "Pa",
    "say one of: {}": "répondez par : {}",
    "It stays at this step. pump procedure walk continues it, pump procedure interrupt ends it.":
        "La procédure reste à cette étape. pump procedure walk la continue, pump procedure interrupt y met fin.",
    "Pump: {} -> [bold]in a procedure[/]. {}": "Pompe : {} -> [bold]en procédure[/]. {}",
    "stopped": "arrêtée", "At '{}': [bold]{}[/]{}": "À l'étape « {} » : [bold]{}[/]{}",
    "At '{}': interrupt -> [bold]{}[/]": "À l'étape « {} » : interrompre -> [bold]{}[/]",
    ", {} strokes": ", {} impulsions", ", {} strokes are not made": ", {} impulsions ne seront pas faites",
    "The reservoir holds: {}.": "Contenu du réservoir : {}.",
    # Delivery, reservoir, refill.
    "suspended": "suspendue", "running": "en marche", "fault": "en défaut", "procedure": "en procédure",
    "basal {}": "basal {}", "bolus with {} to come": "bolus, {} à venir",
    "square bolus with {} to come": "bolus carré, {} à venir",
    "Delivery -> [bold]{}[/]": "Perfusion -> [bold]{}[/]",
    "Delivery: {} -> [bold]{}[/]": "Perfusion : {} -> [bold]{}[/]",
    "Delivery: {}, basal {} -> [bold]running, basal {}[/]": "Perfusion : {}, basal {} -> [bold]en marche, basal {}[/]",
    "The pump was changed meanwhile:": "Les réglages de la pompe ont changé entre-temps :",
    "suspended, basal at the least rate": "suspendue, basal au débit minimal",
    "suspended, basal {}": "suspendue, basal {}",
    "stopped, nothing at all": "arrêtée, plus rien du tout",
    "Delivery suspended at {}, basal {}; {} waiting strokes given up.":
        "Perfusion suspendue ({}), basal {} ; {} impulsions en attente abandonnées.",
    "Delivery stopped at {}; {} waiting strokes given up.":
        "Perfusion arrêtée ({}) ; {} impulsions en attente abandonnées.",
    "Delivery resumed at {}: basal {}.": "Perfusion reprise ({}) : basal {}.",
    "Reservoir": "Réservoir",
    "Reservoir, computed from what was delivered": "Réservoir, calculé d'après ce qui a été perfusé",
    "content": "contenu", "lasts": "suffit pour", "next refill": "prochain remplissage",
    "not known: no refill has been recorded": "inconnu : aucun remplissage n'a été noté",
    "reservoir enough": "assez", "reservoir low": "bas", "reservoir empty": "presque vide",
    "reservoir stop": "vide, la pompe s'arrête", "at a time that is not known": "à une date inconnue",
    "does not run out at the present use": "ne s'épuise pas à la consommation actuelle",
    "{} d {} h": "{} j {} h", "{} at the present use": "{} à la consommation actuelle",
    "not known: the clock is or was lost": "inconnu : l'heure est ou a été perdue", "by {}": "avant le {}",
    "not known": "inconnu", "{} by count": "{} d'après le compte",
    "Reservoir: {}, {} drawn -> [bold]{}[/]": "Réservoir : {}, {} retirés -> [bold]{}[/]",
    "{} are in the reservoir; {} were left.": "{} dans le réservoir ; il en restait {}.",
    "Syringe for the remaining insulin, weighed before drawing it out":
        "Seringue pour le reste d'insuline, pesée avant le retrait",
    "The same syringe, weighed with the remaining insulin in it": "La même seringue, pesée avec le reste d'insuline",
    "Syringe with fresh insulin, weighed before filling": "Seringue d'insuline fraîche, pesée avant le remplissage",
    "The same syringe, weighed after filling": "La même seringue, pesée après le remplissage",
    "Volume taken back to restore the vacuum": "Volume repris pour rétablir le vide", "g": "g",
    # The verdict of a refill.
    "[bold red]{} are missing and were not delivered by strokes.[/]":
        "[bold red]Il manque {}, que la pompe n'a pas perfusés.[/]",
    "Refill accuracy {} % ± {} % (k = 2) over {} delivered: [bold]{}[/].":
        "Précision du remplissage {} % ± {} % (k = 2) sur {} perfusés : [bold]{}[/].",
    "Refill accuracy: [bold]{}[/].": "Précision du remplissage : [bold]{}[/].",
    "That is: {}.": "C'est-à-dire : {}.",
    "good": "bonne", "rinse": "rincer", "interval too short": "intervalle trop court",
    "first refill": "premier remplissage",
    "as counted": "conforme au compte", "refill sooner and look again": "remplissez plus tôt et vérifiez de nouveau",
    "abnormal: measure the stroke volume, then rinse": "anormal : mesurez le volume d'une impulsion, puis rincez",
    "abnormal: look at the catheter before a rinse": "anormal : contrôlez le cathéter avant un rinçage",
    "over-delivery, a leak or a weighing error: stop, weigh again":
        "perfusion excessive, fuite ou erreur de pesée : arrêtez, pesez de nouveau",
    "too little was delivered to say anything": "trop peu a été perfusé pour en juger",
    "nothing to compare with: the first refill, or the reservoir had been emptied before":
        "rien à quoi comparer : premier remplissage, ou réservoir vidé auparavant",
}  # fmt: skip


_AMOUNT = re.compile(r"[+-]?[0-9]+(\.[0-9]+)? ?[A-Za-zµ/%]*")
_DAYS = re.compile(r"([0-9]+) d ([0-9].*)")
_BY_WORDS = {os.strerror(number): text for number, text in SYSTEM.items() if number > 0}
_OF_THE_SYSTEM = re.compile(r"\[Errno (-?[0-9]+)\]")


def said(text: str, language: str, *values: object) -> str:
    """Return `text` in `language` ("en" or "fr"), its blanks filled with `values`.

    A text that is not known in French, which only a name of a newer pump can be, stays as it is.
    """
    found = FRENCH.get(text, text) if language == "fr" else text
    return found.format(*values) if values else found


def in_language(text: object, language: str) -> str:
    """Return a text, and what it was made of, in `language`; in French an amount has its decimal comma, and an error of
    the system its own words.
    """
    if language != "fr":
        return str(text)
    if isinstance(text, Text):
        as_typed = [
            conversion == "r" for _, name, _, conversion in Formatter().parse(text.template) if name is not None
        ]
        values = [
            str(each) if typed else in_language(each, language)
            for each, typed in zip(text.values, as_typed, strict=False)
        ]
        named = {name: in_language(each, language) for name, each in text.named.items()}
        template = FRENCH.get(text.template)
        return str(text) if template is None else template.format(*values, **named)
    plain = str(text)
    if found := _OF_THE_SYSTEM.search(plain):
        return SYSTEM.get(int(found[1]), f"erreur {found[1]} du système")
    if found := _DAYS.fullmatch(plain):
        return f"{found[1]} j {found[2]}"
    return number_said(plain, language) if _AMOUNT.fullmatch(plain) else FRENCH.get(plain, _BY_WORDS.get(plain, plain))


def number_said(text: str, language: str) -> str:
    """Return a number, with its unit or without, with the decimal mark and the units of `language`."""
    return text.replace(".", ",").replace("mL", "ml").replace("µL", "µl") if language == "fr" else text
