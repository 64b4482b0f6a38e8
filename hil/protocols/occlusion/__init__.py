"""The occlusion campaign: faults × rates × catheters × seeds, judged; patient-years without a false alarm."""
