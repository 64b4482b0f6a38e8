"""The alarms in French: name to (title, what it means, what to do). A title fits a line of 21 characters.

As a patient in France would be spoken to: vous, insuline, centre, and no English word.
"""

TEXTS = {
    "pump_low_battery": (
        "Pile de pompe faible",
        "La pile de votre pompe arrive en fin de vie.",
        "Prenez rendez-vous pour le remplacement de la pompe. La perfusion continue.",
    ),
    "depleted_battery": (
        "Pile épuisée",
        "La pile ne peut plus entraîner la pompe. Vous ne recevez plus d'insuline.",
        "Injectez votre insuline (stylo ou seringue) et appelez tout de suite votre centre.",
    ),
    "system_error": (
        "Erreur système",
        "La pompe a trouvé une erreur en elle-même et s'est arrêtée aussitôt.",
        "Injectez votre insuline (stylo ou seringue) et appelez votre centre. Acquittez l'alarme après le contrôle.",
    ),
    "self_test_fail": (
        "Autotest en échec",
        "La pompe ne réussit pas son propre test. Vous ne recevez plus d'insuline.",
        "Injectez votre insuline (stylo ou seringue) et appelez votre centre.",
    ),
    "low_reservoir": (
        "Réservoir bas",
        "Le réservoir est sous son premier seuil, 800 U sauf autre réglage.",
        "Prenez rendez-vous pour un remplissage dans les deux semaines.",
    ),
    "empty_reservoir": (
        "Réservoir vide",
        "Le réservoir est sous son deuxième seuil, 400 U sauf autre réglage. Au troisième, 200 U, la pompe s'arrête.",
        "Demandez un remplissage maintenant. Gardez à portée de main de l'insuline à injecter.",
    ),
    "communication_error": (
        "Erreur de liaison",
        "La boucle fermée n'a pas renouvelé son débit : la liaison ou la boucle manque. La pompe suit le débit"
        " basal programmé.",
        "Approchez le programmateur, vérifiez que la boucle fonctionne, et regardez l'état de la pompe.",
    ),
    "not_initialised": (
        "Non initialisée",
        "La pompe n'a pas encore de réglages. Elle ne perfuse rien.",
        "Votre centre doit entrer les réglages.",
    ),
    "initialised_to_defaults": (
        "Réglages par défaut",
        "Les réglages ont été perdus et remplacés par les valeurs par défaut. Vous ne recevez plus d'insuline.",
        "Injectez votre insuline et appelez votre centre, qui vérifie tous les réglages et remet la pompe en marche.",
    ),
    "pump_stopped": (
        "Pompe arrêtée",
        "Vous ne recevez plus d'insuline de la pompe.",
        "Cherchez pourquoi, puis remettez la pompe en marche par la commande de reprise (pump resume).",
    ),
    "pump_suspended": (
        "Pompe suspendue",
        "Vous ne recevez que le débit minimal, ou rien selon le réglage.",
        "Reprenez la perfusion dès que vous le pouvez.",
    ),
    "auto_off": (
        "Arrêt automatique",
        "Personne n'a utilisé le programmateur pendant le délai réglé. La pompe s'est arrêtée.",
        "Si vous allez bien, acquittez l'alarme et reprenez la perfusion.",
    ),
    "hourly_maximum_exceeded": (
        "Maximum horaire",
        "Une dose a été retenue : elle aurait dépassé la limite d'une heure.",
        "Vérifiez ce que vous avez reçu. Attendez, ou interrogez votre centre sur la limite.",
    ),
    "daily_maximum_exceeded": (
        "Maximum sur 24 h",
        "Une dose a été retenue : elle aurait dépassé la limite de 24 heures.",
        "Vérifiez ce que vous avez reçu. Attendez, ou interrogez votre centre sur la limite.",
    ),
    "occlusion": (
        "Cathéter bouché",
        "L'insuline ne sort plus du cathéter. La perfusion est arrêtée. L'état montre la quantité qui n'est pas"
        " arrivée.",
        "Contrôlez votre glycémie et vos cétones, injectez votre insuline, appelez votre centre.",
    ),
    "air_lock": (
        "Sans onde de pression",
        "Le moteur tourne mais l'insuline n'avance pas : air dans la pompe, ou mécanisme désaccouplé. La perfusion"
        " est arrêtée.",
        "Injectez votre insuline et appelez votre centre.",
    ),
    "under_delivery": (
        "Sous-perfusion",
        "Une part de chaque impulsion reflue : vous recevez moins que ce qui est compté.",
        "Contrôlez votre glycémie plus souvent et appelez votre centre.",
    ),
    "over_delivery": (
        "Sur-perfusion",
        "Vous avez reçu plus d'insuline que prévu. La pompe s'est arrêtée aussitôt.",
        "Contrôlez souvent votre glycémie, mangez du sucre si elle baisse, faites-vous aider.",
    ),
    "motor_stall": (
        "Moteur bloqué",
        "Le moteur a tourné sans achever une impulsion. La pompe s'est arrêtée aussitôt.",
        "Injectez votre insuline et appelez votre centre.",
    ),
    "pressure_sensor_fault": (
        "Capteur de pression",
        "Le capteur ne donne pas de mesure plausible. La perfusion continue, mais un cathéter bouché passerait"
        " inaperçu.",
        "Contrôlez votre glycémie plus souvent et appelez votre centre.",
    ),
    "stroke_sensor_fault": (
        "Capteur d'impulsions",
        "Les impulsions commandées et les impulsions vues ne concordent pas. La pompe s'est arrêtée aussitôt.",
        "Injectez votre insuline et appelez votre centre.",
    ),
    "clock_lost": (
        "Heure perdue",
        "La pompe ne connaît plus l'heure. Elle suit le débit le plus bas du profil.",
        "Réglez l'heure avec le programmateur.",
    ),
    "memory_integrity": (
        "Erreur de mémoire",
        "La mémoire ne répond pas, ou un enregistrement y est abîmé. La pompe s'est arrêtée aussitôt.",
        "Injectez votre insuline et appelez votre centre.",
    ),
    "watchdog_reset": (
        "Pompe redémarrée",
        "La pompe a redémarré d'elle-même. Les perfusions en cours (bolus, débit temporaire) ont pris fin.",
        "Regardez l'état de la pompe et redonnez ce qui manque.",
    ),
    "refill_due": (
        "Remplissage à faire",
        "L'insuline de la pompe a atteint sa durée d'emploi.",
        "Prenez rendez-vous pour un remplissage.",
    ),
}
