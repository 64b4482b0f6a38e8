"""What is said in French of who may talk to the pump, of new keys and of the card.

Implements: HOST-1, SEC-2
"""

from __future__ import annotations

FRENCH_CARDS = {
    "{!r} is not a role: {}": "« {} » n'est pas un rôle : {}",
    "--card and --by: one is enough": "--card et --by : un seul suffit",
    "{}. The pump has slot {} for it: revoke it (pump revoke)":
        "{}. La pompe lui garde la place {} : révoquez-la (pump revoke)",
    "this pump has no keys yet": "cette pompe n'a pas encore de clés",
    "the new key has not opened a session yet; the next command tries it again":
        "la nouvelle clé n'a pas encore ouvert de session ; la prochaine commande réessaiera",
    "pump card show FILE shows a card on the screen; - reads it from stdin":
        "pump card show FICHIER montre une carte à l'écran ; - la lit sur l'entrée du programme",
    "write pump card new, pump card lost, or pump card show FILE":
        "écrivez pump card new, pump card lost ou pump card show FICHIER",
    "with --json a card goes into a file: --out FILE": "avec --json, la carte va dans un fichier : --out FICHIER",
    "{} is there already; it is left as it is": "{} existe déjà ; ce fichier reste comme il est",
    "there is no folder {}": "le dossier {} n'existe pas",
    "the new key needs another name than {!r}: --identity NAME":
        "la nouvelle clé doit avoir un autre nom que « {} » : --identity NOM",
    "the card's letters are asked for on a terminal; without one: --card FILE, or --card - for stdin":
        "les lettres de la carte se tapent dans un terminal ; sinon : --card FICHIER, ou --card - pour l'entrée du"
        " programme",
    "The card's 52 letters, any case, with blanks or without":
        "Les 52 lettres de la carte, en majuscules ou minuscules, avec ou sans espaces",
    "the label {!r} must have 1 to {} bytes that can be printed":
        "le nom « {} » doit avoir de 1 à {} caractères simples",
    "Show presence at the pump now: press its button, or hold the magnet to it. Waiting {} s, Ctrl-C ends.":
        "Montrez maintenant votre présence à la pompe : appuyez sur son bouton ou approchez l'aimant. Attente de {} s,"
        " Ctrl-C y met fin.",
    "Hold the pump's button now, or the magnet to it, for ten minutes without letting go. The pump sounds each second;"
    " if it falls silent, it was let go, and the ten minutes begin anew. Ctrl-C ends.":
        "Tenez maintenant le bouton de la pompe, ou l'aimant contre elle, dix minutes sans lâcher. La pompe sonne"
        " chaque seconde ; si elle se tait, c'est que le bouton a été lâché, et les dix minutes recommencent. Ctrl-C y"
        " met fin.",
    "the pump's button was not held for ten minutes in one go, or somebody keeps its line busy: nothing has changed,"
    " the old card holds. Hold it from the first sound on, and repeat":
        "le bouton de la pompe n'a pas été tenu dix minutes de suite, ou quelqu'un occupe la ligne : rien n'a changé,"
        " l'ancienne carte reste valable. Tenez-le dès le premier son, et recommencez",
    "several programmers are {!r}; there are: {}": "plusieurs programmateurs s'appellent « {} » ; il y a : {}",
    "no programmer is {!r}; there are: {}": "aucun programmateur ne s'appelle « {} » ; il y a : {}",
    "{} {} in slot {}": "{} {}, place {}",
    "Enrolled as {}; the key named {} is in {}.": "Inscrit : {} ; la clé {} est dans {}.",
    "Revoked: {}.": "Révoqué : {}.",
    "{} -> [bold]its key opens nothing any more[/]": "{} -> [bold]sa clé n'ouvrira plus rien[/]",
    "that is the pump's card: pump card new makes another and voids this one; to be without a card: --the-card":
        "c'est la carte de la pompe : pump card new en fait une autre et annule celle-ci ; pour rester sans carte :"
        " --the-card",
    "This is the pump's card. Without one, whoever has no key can neither stop the pump nor enrol, until a clinician"
    " has another made (pump card new, which voids this one too). If no clinician's key is left, there is only the"
    " pump's button, held for ten minutes (pump card lost).":
        "C'est la carte de la pompe. Sans carte, personne ne peut arrêter la pompe ni s'y inscrire sans avoir une clé,"
        " jusqu'à ce qu'un clinicien en fasse faire une autre (pump card new, qui annule aussi celle-ci). S'il ne reste"
        " aucune clé de clinicien, il n'y a plus que le bouton de la pompe, tenu dix minutes (pump card lost).",
    "The key named {} is a new one, and the old one opens nothing any more.":
        "La clé {} est renouvelée, et l'ancienne n'ouvre plus rien.",
    "No keys in {}. To get one: pump enrol.": "Pas de clé dans {}. Pour en avoir une : pump enrol.",
    "Card -> [bold]a new one; the old one opens nothing any more[/]":
        "Carte -> [bold]une nouvelle ; l'ancienne n'ouvrira plus rien[/]",
    "The new card is in {}.": "La nouvelle carte est dans {}.",
    "Programmers": "Programmateurs", "slot": "place", "role": "rôle", "label": "nom", "name": "nom",
    "last session": "dernière session", "pump": "pompe", "not used yet": "pas encore utilisée",
    "rotating": "en cours de renouvellement", "this one": "la vôtre", "generation": "génération", "seed": "hasard",
    "Keys of this computer": "Clés de cet ordinateur", "[red]unusable[/]": "[red]inutilisable[/]",
    "patient": "patient", "clinician": "clinicien", "service": "technicien", "card": "carte", "bench": "banc d'essai",
    "Card of the pump. Whoever has it, and is at the pump, can enrol a programmer; anywhere, stop or suspend it.":
        "Carte de la pompe. Qui l'a en main, et se tient près de la pompe, peut inscrire un programmateur ; et de"
        " partout, l'arrêter ou la suspendre.",
    "Print it, keep it with the patient and in the clinic, and nowhere on a computer.":
        "Imprimez-la, gardez-la auprès du patient et au centre, et sur aucun ordinateur.",
    "a card has {} letters in {} groups of {}; these are {}":
        "une carte a {} lettres en {} groupes de {} ; ici il y en a {}",
    "a letter of the card is wrong, or two have changed places. Compare group by group; easily mistaken are O and Q, I"
    " and L, B and 8, S and 5, Z and 2, U and V":
        "une lettre de la carte est fausse, ou deux ont changé de place. Comparez groupe par groupe ; on confond"
        " facilement O et Q, I et L, B et 8, S et 5, Z et 2, U et V",
    "letter {} of group {} is the digit {}, which no card has: it is {}":
        "la lettre {} du groupe {} est le chiffre {}, qu'aucune carte n'a : c'est {}",
    "letter {} of group {} is {!r}, which no card has: A to Z and 2 to 7":
        "la lettre {} du groupe {} est « {} », qu'aucune carte n'a : de A à Z et de 2 à 7",
    "the letter O": "la lettre O", "the letter I or L": "la lettre I ou L", "the letter B": "la lettre B",
    "the letter G or P": "la lettre G ou P",
    "others can read the card {}: it is not used. If nobody has: chmod 600 {}":
        "d'autres peuvent lire la carte {} : elle n'est pas utilisée. Si personne ne l'a lue : chmod 600 {}",
    "cannot read the card {}: {}": "impossible de lire la carte {} : {}",
    "{} is an SVG, which is printed and not read: take its PNG, or type the card's letters":
        "{} est un SVG, qui s'imprime et ne se lit pas : prenez son PNG, ou tapez les lettres de la carte",
    "{} is too large for a picture of a card": "{} est trop grand pour l'image d'une carte",
    "the picture {} is damaged, cut short, or of a kind that is not read here: take a PNG or a JPEG":
        "l'image {} est abîmée, coupée, ou d'une sorte qui ne se lit pas ici : prenez un PNG ou un JPEG",
    "reading the code of the picture {} takes the packages pillow and zxing-cpp, which are not installed. Install them,"
    " or type the letters that any QR reader shows":
        "pour lire le code de l'image {}, il faut les paquets pillow et zxing-cpp, qui ne sont pas installés."
        " Installez-les, ou tapez les lettres que montre un lecteur de QR",
    "no QR code is found in the picture {}: take it sharp, straight and whole, or type the card's letters":
        "pas de code QR dans l'image {} : prenez-le net, droit et entier, ou tapez les lettres de la carte",
    "the code in the picture {} is not that of a card": "le code de l'image {} n'est pas celui d'une carte",
    "there are codes of several cards in the picture {}: cut out one":
        "il y a les codes de plusieurs cartes dans l'image {} : n'en gardez qu'un",
    "the picture {} is larger than {} million pixels": "l'image {} dépasse {} millions de pixels",
    "there is a key {} already; it is left as it is. Choose another name with --identity, or remove it":
        "il y a déjà une clé {} ; elle reste comme elle est. Prenez un autre nom avec --identity, ou enlevez-la",
    "cannot write a key into {}: {}": "impossible d'écrire une clé dans {} : {}",
    "cannot remove the key {}: {}": "impossible d'enlever la clé {} : {}",
    "cannot write {}: {}": "impossible d'écrire {} : {}",
    "cannot make the folder {}: {}": "impossible de créer le dossier {} : {}",
    "the pump may have made a key that did not arrive here ({}). The keys from before hold. Look with pump programmers"
    " for a slot that nobody has used, revoke it, and try again":
        "la pompe a peut-être fait une clé qui n'est pas arrivée ici ({}). Les clés d'avant restent valables. Cherchez"
        " avec pump programmers une place que personne n'a utilisée, révoquez-la, et recommencez",
    "the pump may have made a key that did not arrive here ({}). The one from before holds: pump rotate":
        "la pompe a peut-être fait une clé qui n'est pas arrivée ici ({}). Celle d'avant reste valable : pump rotate",
    "the pump may have made a card that did not arrive here ({}). One from before then opens nothing any more: have"
    " another made, pump card new, or without a clinician's key pump card lost":
        "la pompe a peut-être fait une carte qui n'est pas arrivée ici ({}). Alors celle d'avant n'ouvre plus rien :"
        " faites-en faire une autre, pump card new, ou sans clé de clinicien pump card lost",
    "the pump has no keys yet, and nobody shows presence at it: press its button, then repeat":
        "la pompe n'a pas encore de clés, et personne ne se montre à elle : appuyez sur son bouton, puis recommencez",
    "the pump's answer to hello has {} bytes, an offer of a session {}":
        "la réponse de la pompe au premier contact a {} octets, une offre de session en a {}",
    "the pump offers version {}, suite {} of the session; this programmer has version {}, suite {}. Use the programmer"
    " that belongs to this firmware":
        "la pompe offre la version {}, suite {} de la session ; ce programmateur a la version {}, suite {}. Prenez le"
        " programmateur de ce logiciel de pompe",
}  # fmt: skip
