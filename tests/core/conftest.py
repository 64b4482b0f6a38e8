"""Hypothesis profiles.

`quick` by default, HYPOTHESIS_PROFILE=nightly for depth, brief under sanitizers.
Failing examples print how to repeat."""

import os

from hypothesis import HealthCheck, settings

SHARED = {
    "deadline": None,
    "report_multiple_bugs": False,
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow],
}
settings.register_profile("brief", max_examples=60, stateful_step_count=30, **SHARED)
settings.register_profile("quick", max_examples=300, stateful_step_count=40, **SHARED)
settings.register_profile("nightly", max_examples=5000, stateful_step_count=120, **SHARED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
