"""The alarms in French: name to (title, what it means, what to do). A title fits a line of 21 characters."""

TEXTS = {
    "pump_low_battery": (
        "Pile pompe faible",
        "La pile de la pompe arrive à sa fin.",
        "Prévoir le remplacement de la pompe. La perfusion continue.",
    ),
    "depleted_battery": (
        "Pile épuisée",
        "La pile ne peut plus entraîner la pompe. Rien n'est perfusé.",
        "Prendre l'insuline par une autre voie et appeler le centre aussitôt.",
    ),
    "system_error": (
        "Erreur système",
        "La pompe a trouvé une erreur en elle-même et s'est arrêtée aussitôt.",
        "Prendre l'insuline par une autre voie et appeler le centre. Acquitter l'alarme après le contrôle.",
    ),
    "self_test_fail": (
        "Autotest en échec",
        "La pompe ne réussit pas son propre test. Elle ne perfuse rien.",
        "Prendre l'insuline par une autre voie et appeler le centre.",
    ),
    "low_reservoir": (
        "Réservoir bas",
        "Le réservoir est sous son premier seuil, 800 U sauf autre réglage.",
        "Prévoir un remplissage dans les deux semaines.",
    ),
    "empty_reservoir": (
        "Réservoir vide",
        "Le réservoir est sous son deuxième seuil, 400 U sauf autre réglage. Au troisième, 200 U, la pompe s'arrête.",
        "Demander un remplissage maintenant. Garder de l'insuline pour une autre voie.",
    ),
    "communication_error": (
        "Erreur de liaison",
        "La boucle fermée n'a pas renouvelé son débit : la liaison ou la boucle manque. Basal programmé en cours.",
        "Approcher le programmateur, voir si la boucle fonctionne, et demander l'état.",
    ),
    "not_initialised": (
        "Non initialisée",
        "La pompe n'a pas encore de réglages. Elle ne perfuse rien.",
        "Le centre entre les réglages.",
    ),
    "initialised_to_defaults": (
        "Réglages par défaut",
        "Les réglages ont été perdus et remplacés par défaut. Rien n'est perfusé.",
        "Le centre vérifie et entre tous les réglages, puis démarre la perfusion.",
    ),
    "pump_stopped": (
        "Pompe arrêtée",
        "Rien n'est perfusé.",
        "Chercher pourquoi, puis démarrer la perfusion par sa commande.",
    ),
    "pump_suspended": (
        "Pompe suspendue",
        "Seul le débit minimal est perfusé, ou rien selon le réglage.",
        "Reprendre dès que possible.",
    ),
    "auto_off": (
        "Arrêt automatique",
        "Le programmateur n'a pas servi depuis plus longtemps que la durée réglée. La pompe s'est arrêtée.",
        "Si tout va bien, acquitter et reprendre.",
    ),
    "hourly_maximum_exceeded": (
        "Maximum horaire",
        "Une dose a été retenue : avec elle la limite d'une heure serait dépassée.",
        "Vérifier ce qui a été perfusé. Attendre, ou interroger le centre sur la limite.",
    ),
    "daily_maximum_exceeded": (
        "Maximum journalier",
        "Une dose a été retenue : avec elle la limite de 24 heures serait dépassée.",
        "Vérifier ce qui a été perfusé. Attendre, ou interroger le centre sur la limite.",
    ),
    "occlusion": (
        "Cathéter bouché",
        "L'insuline ne sort pas du cathéter. Perfusion arrêtée. L'état montre ce qui n'est pas arrivé.",
        "Contrôler glycémie et cétones, prendre l'insuline par une autre voie, appeler le centre.",
    ),
    "air_lock": (
        "Sans onde de pression",
        "Le moteur tourne mais pas l'insuline : air dans la pompe ou mécanisme désaccouplé. Perfusion arrêtée.",
        "Prendre l'insuline par une autre voie, appeler le centre.",
    ),
    "under_delivery": (
        "Sous-perfusion",
        "Une part de chaque coup reflue : il arrive moins que compté.",
        "Contrôler la glycémie plus souvent, appeler le centre.",
    ),
    "over_delivery": (
        "Sur-perfusion",
        "Il a été perfusé plus que commandé. La pompe s'est arrêtée aussitôt.",
        "Contrôler souvent la glycémie, manger si elle baisse, demander de l'aide.",
    ),
    "motor_stall": (
        "Moteur bloqué",
        "Le moteur a tourné sans achever de coup. La pompe s'est arrêtée aussitôt.",
        "Prendre l'insuline par une autre voie, appeler le centre.",
    ),
    "pressure_sensor_fault": (
        "Capteur de pression",
        "Le capteur ne donne pas de mesure plausible. La perfusion continue, un cathéter bouché passerait inaperçu.",
        "Contrôler la glycémie plus souvent, appeler le centre.",
    ),
    "stroke_sensor_fault": (
        "Capteur de coups",
        "Les coups commandés et les coups vus ne concordent pas. La pompe s'est arrêtée aussitôt.",
        "Prendre l'insuline par une autre voie, appeler le centre.",
    ),
    "clock_lost": (
        "Heure perdue",
        "L'heure est inconnue. Le débit le plus bas du profil est perfusé.",
        "Régler l'heure avec le programmateur.",
    ),
    "memory_integrity": (
        "Erreur de mémoire",
        "La mémoire ne répond pas, ou un enregistrement y est abîmé. La pompe s'est arrêtée aussitôt.",
        "Prendre l'insuline par une autre voie, appeler le centre.",
    ),
    "watchdog_reset": (
        "Pompe redémarrée",
        "La pompe a redémarré d'elle-même. Ce qui était en cours de perfusion a pris fin.",
        "Demander l'état, redonner ce qui manque.",
    ),
    "refill_due": (
        "Remplissage à faire",
        "L'insuline de la pompe a atteint sa durée d'emploi.",
        "Prévoir un remplissage.",
    ),
}
