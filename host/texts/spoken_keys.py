"""What is said in French of keys, sessions, the store and earlier orders; the English is that of where it is raised.

Implements: HOST-1
"""

from __future__ import annotations

FRENCH_KEYS = {
    "this computer has no key named {!r}; {}. To get one: pump enrol":
        "cet ordinateur n'a pas de clé « {} » ; {}. Pour en avoir une : pump enrol",
    "there are keys of the names {}: --identity NAME": "il a les clés {} : --identity NOM",
    "no pump has enrolled it yet": "aucune pompe ne l'a encore inscrit",
    "the pump opened no session with the key named {!r}: the key is of another pump, was revoked, or somebody keeps the"
    " pump's line busy. Check the port and --identity; show presence at the pump and try again; else enrol anew: pump"
    " enrol":
        "la pompe n'a pas ouvert de session avec la clé « {} » : la clé est d'une autre pompe, a été révoquée, ou"
        " quelqu'un occupe la ligne. Vérifiez le port et --identity ; montrez votre présence à la pompe et réessayez ;"
        " sinon inscrivez-vous de nouveau : pump enrol",
    "{!r} is no name of a key: letters, digits, - and _, at most 32":
        "« {} » ne peut pas nommer une clé : lettres, chiffres, - et _, 32 au plus",
    "cannot read the key {}: {}": "impossible de lire la clé {} : {}",
    "the key {} is damaged or cut short: enrol anew (pump enrol), then remove it":
        "la clé {} est abîmée ou coupée : inscrivez-vous de nouveau (pump enrol), puis enlevez-la",
    "the key {} is another user's file: it is not used. Enrol anew: pump enrol":
        "la clé {} est le fichier de quelqu'un d'autre : elle n'est pas utilisée. Inscrivez-vous : pump enrol",
    "the key {} has format {}, this program reads format {}":
        "la clé {} a le format {}, ce programme lit le format {}",
    "others can read the key {}: it is not used. If nobody has: chmod 600 {}; else revoke it (pump revoke) and enrol"
    " anew":
        "d'autres peuvent lire la clé {} : elle n'est pas utilisée. Si personne ne l'a lue : chmod 600 {} ; sinon"
        " révoquez-la (pump revoke) et inscrivez-vous de nouveau",
    "{} is a file of another program; it is left as it is. Name another: --store":
        "{} est le fichier d'un autre programme ; il reste comme il est. Nommez-en un autre : --store",
    "the store {} has version {}, this program knows {}; it is left as it is. Use the newer program, or name another"
    " store: --store":
        "le carnet {} a la version {}, ce programme connaît {} ; il reste comme il est. Prenez le programme plus"
        " récent, ou nommez un autre carnet : --store",
    "the store {} cannot be used ({}); no order was sent":
        "le carnet {} ne peut pas servir ({}) ; aucun ordre n'a été envoyé",
    "another program is writing to it; try again": "un autre programme y écrit ; réessayez",
    "the store {} is damaged ({}) and cannot be moved aside ({}); no order was sent":
        "le carnet {} est abîmé ({}) et ne peut pas être mis de côté ({}) ; aucun ordre n'a été envoyé",
    "the store {} is damaged ({}); it is kept as {}, and a new one begins. An order in it may not have been settled:"
    " look at the pump's status and log before the next. No order was sent":
        "le carnet {} est abîmé ({}) ; il est gardé comme {}, et un nouveau commence. Le sort d'un ordre qu'il contient"
        " est peut-être inconnu : regardez l'état et le journal de la pompe avant le suivant. Aucun ordre n'a été"
        " envoyé",
    "development image, not a release": "image de développement, pas une version livrée",
    "warning: {}": "attention : {}", "at a time that is not known": "à une heure inconnue",
    "An earlier order was uncertain: {}, given {}. {}.": "Un ordre précédent était incertain : {}, donné {}. {}.",
    "The pump has carried it out": "La pompe l'a fait",
    "The pump has not carried it out and will not": "La pompe ne l'a pas fait et ne le fera pas",
    "The pump has refused it: {}": "La pompe l'a refusé : {}",
    "The pump lost power while carrying it out; its log shows how far it got":
        "La pompe a perdu le courant en le faisant ; son journal montre jusqu'où",
    "It is too long ago and the pump does not remember it; its log shows what it did":
        "C'est trop ancien et la pompe ne s'en souvient pas ; son journal montre ce qu'elle a fait",
    "Still UNKNOWN ({}). Until it is settled only stop, suspend and cancel are sent":
        "Toujours INCONNU ({}). Jusqu'à ce que ce soit réglé, seuls l'arrêt, la suspension et l'annulation sont"
        " envoyés",
    "it was given with another key of this computer: any command with that one settles it (--identity)":
        "il a été donné avec une autre clé de cet ordinateur : toute commande avec elle le règle (--identity)",
}  # fmt: skip
