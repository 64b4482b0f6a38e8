"""The errors that a person may meet in a command that speaks French, as they are said in France.

The English texts are those of the places that raise them; host/texts/spoken.py joins these to its own.

Implements: HOST-1
"""

from __future__ import annotations

import errno

# What the system says of a port or a file, by number.
SYSTEM = {
    -3: "nom introuvable pour l'instant", -2: "nom inconnu", errno.ENOENT: "il n'existe pas",
    errno.EACCES: "accès refusé", errno.EPERM: "accès refusé", errno.EIO: "erreur d'entrée ou de sortie",
    errno.ENXIO: "rien n'y est branché", errno.ENODEV: "rien n'y est branché", errno.EBADF: "il est fermé",
    errno.EBUSY: "il est occupé", errno.EAGAIN: "il est occupé", errno.ENOTTY: "ce n'est pas un port série",
    errno.EISDIR: "c'est un dossier", errno.ENOTDIR: "le chemin passe par un fichier", errno.EINVAL: "valeur refusée",
    errno.ENOSPC: "plus de place", errno.EPIPE: "plus personne ne lit", errno.ECONNREFUSED: "personne n'y écoute",
    errno.ECONNRESET: "l'autre bout a fermé la liaison", errno.ECONNABORTED: "l'autre bout a fermé la liaison",
    errno.ETIMEDOUT: "pas de réponse", errno.EHOSTUNREACH: "machine inaccessible",
    errno.ENETUNREACH: "réseau inaccessible",
}  # fmt: skip
FRENCH_ERRORS = {
    "error:": "erreur :", "Do it?": "Le faire ?", "Nothing was sent.": "Rien n'a été envoyé.",
    "{}; carried out: {}": "{} ; fait avant : {}", "nothing": "rien", "interrupted": "interrompu",
    "nothing was answered": "il n'y a pas eu de réponse",
    "the output cannot be written ({})": "l'affichage est impossible ({})", "timed out": "pas de réponse",
    "the port was closed": "le port a été fermé",
    # The command line and the configuration.
    "no port: give --port PORT or set RELEVE_PORT (a device, socket://host:port, or any pyserial URL)":
        "pas de port : donnez --port PORT ou réglez RELEVE_PORT (un appareil, socket://machine:port ou une adresse de"
        " pyserial)",
    "{}; found here: {}": "{} ; trouvés ici : {}",
    "{}; no serial port was found on this machine": "{} ; aucun port série trouvé sur cette machine",
    "this changes delivery and there is no terminal to ask on; give --yes to do it without asking":
        "ceci change la perfusion et il n'y a pas de terminal où poser la question ; --yes le fait sans question",
    "{!r} is not a language of this programmer; it has {}": "« {} » n'est pas une langue de ce programmateur ; il a {}",
    "RELEVE_CONFIG names {}, and there is no such file": "RELEVE_CONFIG désigne {}, qui n'existe pas",
    "cannot read the configuration {}: {}": "impossible de lire la configuration {} : {}",
    "the configuration {} is not TOML: {}": "la configuration {} n'est pas du TOML",
    "the configuration {} has {!r}; it may have {}": "la configuration {} contient « {} » ; elle peut contenir {}",
    'the configuration {}: {} must be a text in quotes, as in {} = "…"':
        'la configuration {} : {} doit être un texte entre guillemets, comme {} = "…"',
    # Figures and times.
    "{!r} is not a number of {}; write digits and one decimal point or comma, for example 1.25":
        "« {} » n'est pas un nombre ({}) ; écrivez des chiffres et une virgule, par exemple 1,25",
    "{!r} is not a sensible amount in {}": "« {} » n'est pas une quantité possible ({})",
    "{!r} is not a whole number": "« {} » n'est pas un nombre entier",
    "{!r} is not a whole number of {}": "« {} » n'est pas un nombre entier ({})", "readings": "mesures",
    "{!r} is not within {} to {} {}": "« {} » n'est pas entre {} et {} {}",
    "{!r} {} is not within {} to {} {}": "« {} » {} n'est pas entre {} et {} {}",
    "{!r} {} has too many decimals": "« {} » {} a trop de décimales",
    "{!r} is not a duration; write for example 90min, 2h or 1h30":
        "« {} » n'est pas une durée ; écrivez par exemple 90min, 2h ou 1h30",
    "{!r} is not a whole number of minutes": "« {} » n'est pas un nombre entier de minutes",
    "{!r} is no time at all": "« {} » n'est aucune durée",
    # Ports and the link.
    "port {} is in use by another program: two would take each other's replies":
        "le port {} est occupé par un autre programme : deux se prendraient leurs réponses",
    "cannot open port {}: {}": "impossible d'ouvrir le port {} : {}",
    "port {} broke while sending: {}": "le port {} a lâché pendant l'envoi : {}",
    "port {} broke while receiving: {}": "le port {} a lâché pendant la réception : {}",
    "no answer to '{}' within {}": "pas de réponse à « {} » en {}", "{}, {} attempts": "{}, {} essais",
    "{}; {} bytes came, none of them a reply to it": "{} ; {} octets reçus, aucun n'y répond",
    "{}; nothing came from the port at all": "{} ; rien n'est venu du port",
    "the pump did not get '{}' and will not carry it out: nothing has changed ({})":
        "la pompe n'a pas reçu « {} » et ne le fera pas : rien n'a changé ({})",
    "UNKNOWN: '{}' {} ({}). {}": "INCONNU : « {} » {} ({}). {}",
    "was begun by the pump, and perhaps completed": "a été commencé par la pompe, et peut-être achevé",
    "may have been carried out, or may yet be": "a peut-être été fait, ou le sera peut-être",
    "Give it again": "Redonnez-le",
    "Do not repeat it: look at the pump's status and log first":
        "Ne le répétez pas : regardez d'abord l'état et le journal de la pompe",
    "'{}' was not sent: '{}' before it was carried out after all. Look at the status":
        "« {} » n'a pas été envoyé : « {} » qui le précédait a finalement été fait. Regardez l'état",
    "interrupted during '{}': {}": "interrompu pendant « {} » : {}",
    "it may have been carried out": "c'est peut-être fait",
    "the pump did not get it and will not carry it out": "la pompe ne l'a pas reçu et ne le fera pas",
    "the pump has done it": "la pompe l'a fait",
    "the pump lost power while carrying it out": "la pompe a perdu le courant en le faisant",
    "it is too long ago: the pump does not remember it": "c'est trop ancien : la pompe ne s'en souvient plus",
    "the pump restarts again and again": "la pompe redémarre sans cesse",
    "the pump speaks another version of the link: its schema is {:016x}, this programmer's {:016x}. Nothing was sent; "
    "use the programmer that belongs to this firmware":
        "la pompe parle une autre version de la liaison. Rien n'a été envoyé ; prenez le programmateur de ce logiciel"
        " de pompe ({}, {})",
    "the pump's reply to '{}' does not fit the message table: {}":
        "la réponse de la pompe à « {} » n'est pas dans la table des messages",
    # Refusals.
    "{} refused by the pump: {}": "refusé par la pompe ({}) : {}", "{} not sent: {}": "non envoyé ({}) : {}",
    "the pump does not know this request": "la pompe ne connaît pas cette demande",
    "the request has {value} bytes, the pump expected {limit}":
        "la demande a {value} octets, la pompe en attend {limit}",
    "the {field}, {value}, is {beyond} {limit}": "{field} : {value} est {beyond} {limit}",
    "below the least allowed,": "sous le minimum,", "above the greatest allowed,": "au-dessus du maximum,",
    "the {field}, {value}, is not a multiple of {limit}": "{field} : {value} n'est pas un multiple de {limit}",
    "the {field}, {value}, is not a whole number of strokes of {limit}":
        "{field} : {value} n'est pas un nombre entier d'impulsions de {limit}",
    "the {field}, {value}, is beyond the hard limit of {limit}": "{field} : {value} dépasse la limite fixe de {limit}",
    "the {field}, {value}, is beyond the clinician's limit of {limit}":
        "{field} : {value} dépasse la limite du médecin, {limit}",
    "{value} would exceed what may be used in an hour, {limit}": "{value} dépasserait la limite d'une heure, {limit}",
    "{value} would exceed what may be used in 24 hours, {limit}": "{value} dépasserait la limite de 24 heures, {limit}",
    "not possible while the pump is in the state '{state}'{way}": "impossible tant que la pompe est {state}{way}",
    ": pump resume": " : pump resume", ": pump status": " : pump status",
    ": pump procedure show": " : pump procedure show",
    "a bolus is already running; wait for its end or cancel it":
        "un bolus est en cours ; attendez sa fin ou annulez-le",
    "no bolus is running": "aucun bolus n'est en cours",
    "the pump has restarted, or no hello came before; look at its status, then repeat":
        "la pompe a redémarré entre-temps ; regardez son état, puis recommencez",
    "the pump's firmware failed; in an order this stops delivery: look at its status":
        "le logiciel de la pompe a échoué ; pendant un ordre, cela arrête la perfusion : regardez l'état",
    "the pump's memory cannot be written or believed; delivery is stopped, look at its status":
        "la mémoire de la pompe n'enregistre plus ou n'est plus fiable ; la perfusion est arrêtée, regardez l'état",
    "the pump's memory is good: nothing to initialise": "la mémoire de la pompe est bonne : rien à initialiser",
    "the pump's clock did not accept the time": "l'horloge de la pompe n'a pas accepté l'heure",
    "no temporary basal is running": "aucun basal temporaire n'est en cours",
    "a temporary basal is running; wait for its end or cancel it":
        "un basal temporaire est en cours ; attendez sa fin ou annulez-le",
    "nothing is staged for this pattern": "rien n'est préparé pour ce profil",
    "the staged rates are not those that were read back; read them again":
        "les débits préparés ne sont pas ceux qui ont été relus ; relisez-les",
    "it came {late} too late and was not carried out; look at the status, then give it again":
        "arrivé {late} trop tard, il n'a pas été fait ; regardez l'état, puis redonnez-le",
    "the pump lost power while carrying it out; the log shows how far it got":
        "la pompe a perdu le courant en le faisant ; le journal montre jusqu'où",
    "this programmer's role may not do that": "ce programmateur n'en a pas le droit",
    "there is no alarm '{alarm}' to acknowledge": "il n'y a pas d'alarme « {alarm} » à acquitter",
    "{}: {}": "{} : {}",
    "the cause of the alarm '{alarm}' is still there": "la cause de l'alarme « {alarm} » est toujours là",
    "therapy cannot run: no insulin in the reservoir, NaOH in the catheter, or a procedure under way":
        "traitement impossible : pas d'insuline dans le réservoir, soude dans le cathéter, ou procédure en cours",
    "the pump has not passed its self-test": "la pompe n'a pas réussi son autotest",
    "this fault is not latched; look at the status": "ce défaut n'est pas enregistré ; regardez l'état",
    "the pump's own state is inconsistent ({invariant}): nothing in it can be relied on":
        "l'état interne de la pompe se contredit ({invariant}) : on ne peut s'y fier",
    "the pump has restarted, or other orders came in between; look at its status, then repeat":
        "la pompe a redémarré, ou d'autres ordres sont venus entre-temps ; regardez son état, puis recommencez",
    "it would hold for {value}, at most {limit} is allowed": "il vaudrait {value}, au plus {limit} sont permis",
    "another order had its number, {value}; give it again": "un autre ordre avait son numéro, {value} ; redonnez-le",
    "the pump lost power as it arrived, and has not carried it out":
        "la pompe a perdu le courant à son arrivée, et ne l'a pas fait",
    "it was given up before it arrived": "il a été abandonné avant d'arriver",
    "the pump has no session with this programmer": "la pompe n'a pas de session avec ce programmateur",
    "nobody has shown presence at the pump within the last minute: press its button, then repeat":
        "personne ne s'est montré à la pompe depuis une minute : appuyez sur son bouton, puis recommencez",
    "the pump knows seven programmers and its card: pump programmers list, then revoke one":
        "la pompe connaît déjà sept programmateurs, outre sa carte : pump programmers list, puis révoquez-en un",
    "the pump has no such programmer (any more): pump programmers list":
        "la pompe n'a pas (ou plus) ce programmateur : pump programmers list",
    "the pump has been provisioned already": "la pompe a déjà reçu sa carte",
    "a programmer cannot end its own key: use another clinician's":
        "un programmateur ne peut pas révoquer sa propre clé : prenez celui d'un autre clinicien",
    "it was not looked at just before, or too long ago; give it again":
        "il n'a pas été examiné juste avant, ou il y a trop longtemps ; redonnez-le",
    "the pump was changed meanwhile, and it would do something else; look at it again":
        "la pompe a été modifiée entre-temps, et il ferait autre chose ; regardez de nouveau",
    "only {limit} are left above the level at which the pump stops; refill":
        "il ne reste que {limit} au-dessus du niveau où la pompe s'arrête ; remplissez",
    "the reservoir holds {content}, but it begins with {needed}: pump procedure show":
        "le réservoir contient : {content} ; il faut : {needed}. Voir pump procedure show",
    "a procedure begins on a stopped pump: pump stop": "une procédure commence sur une pompe arrêtée : pump stop",
    "a procedure is under way: pump procedure walk": "une procédure est en cours : pump procedure walk",
    "the procedure is not at this step, is making its strokes, or cannot be left here: pump procedure show":
        "la procédure n'en est pas à cette étape, fait ses impulsions, ou ne se quitte pas ici : pump procedure show",
    "{left} are left and the pump stops at {stop}: record a refill (pump refill, pump procedure), or have the clinic"
    " lower the level of the settings":
        "il reste {left} et la pompe s'arrête à {stop} : notez un remplissage (pump refill, pump procedure), ou faites"
        " baisser ce niveau par le centre",
    "its greatest rate, {value}, is beyond the clinician's limit of {limit}":
        "son débit maximal, {value}, dépasse la limite du médecin, {limit}",
    # Not now.
    "the pump is in the state '{}': only one that is running can be suspended":
        "la pompe est {} : on ne suspend qu'une pompe en marche",
    "there is no procedure {!r}, only {}": "la procédure « {} » n'existe pas, seulement {}",
    "the choices at '{}' are: {}": "réponses possibles à l'étape « {} » : {}",
    "this step takes no value": "cette étape ne prend pas de valeur",
    "this step asks for --value: {}": "cette étape demande --value : {}",
    "the procedure cannot be broken off at '{}': pump procedure show":
        "la procédure ne peut être interrompue à l'étape « {} » : pump procedure show",
    "no procedure is under way: pump procedure start": "aucune procédure en cours : pump procedure start",
    "not given: {}": "manque : {}", "impossible weights: {}; weigh again": "poids impossibles : {} ; pesez de nouveau",
    "no more was filled in than was taken back for the vacuum": "le volume rempli ne dépasse pas le volume repris",
    "{} would be in the reservoir, or would have been in it, where at most {} can be":
        "il y aurait {} dans le réservoir, ou il y aurait eu cela, alors qu'il y a {} au plus",
    "the syringe with the remaining insulin is lighter than before":
        "la seringue avec le reste d'insuline est plus légère qu'avant",
    "there is no alarm called {!r}; `pump alarms` shows the names":
        "aucune alarme ne s'appelle « {} » ; pump alarms montre les noms",
    # What orders and questions are called, and their figures.
    "identity": "ce qu'est la pompe", "enrol": "nouveau programmateur", "read programmers": "liste des programmateurs",
    "revoke": "révocation", "rotate": "nouvelle clé", "provision": "première carte",
    "hello": "premier contact", "read time": "lecture de l'heure", "settle order": "suite d'un ordre",
    "status": "lecture de l'état", "basal rate": "débit basal", "cancel": "annulation", "suspend": "suspension",
    "stop": "arrêt", "resume": "reprise", "limits": "limites", "time": "mise à l'heure",
    "initialising of the memory": "initialisation de la mémoire", "temporary rate": "débit temporaire",
    "end of the temporary rate": "fin du débit temporaire", "dual bolus": "bolus mixte", "settings": "réglages",
    "recommended rate": "débit recommandé", "acknowledgement": "acquittement",
    "new rates of the pattern": "nouveaux débits du profil", "read pattern": "lecture du profil",
    "choice of the pattern": "choix du profil", "refill": "remplissage",
    "start of the procedure": "début de la procédure", "answer to the step": "réponse à l'étape",
    "interruption of the procedure": "interruption de la procédure", "read procedure": "lecture de la procédure",
    "self test": "autotest", "clearing of the fault": "effacement du défaut", "read energy": "lecture de la pile",
    "read settings": "lecture des réglages", "read reservoir": "lecture du réservoir",
    "read alarms": "lecture des alarmes", "read deliveries": "lecture des perfusions", "read log": "lecture du journal",
    "read diagnosis": "lecture du cathéter", "time of expiry": "heure limite", "duration": "durée", "value": "valeur",
    "last weight of the other syringe": "second poids de l'autre seringue",
    "first weight of the other syringe": "premier poids de l'autre seringue", "choice": "réponse",
    "first weight of the fresh syringe": "premier poids de la seringue fraîche",
    "last weight of the fresh syringe": "second poids de la seringue fraîche",
    "volume taken back": "volume repris", "order's number": "numéro de l'ordre", "interval": "intervalle",
    "request": "demande",
}  # fmt: skip
