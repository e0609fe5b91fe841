"""How properties are tried.

An ordinary run has the same examples every time, so that a failure can be repeated; `AIOLLM_PROPERTIES=thorough` tries
ten times as many, other ones each time, and prints how to repeat a failure.
"""

import os

from hypothesis import HealthCheck, settings

ORDINARY, MANY = 200, 1000
THOROUGH = os.environ.get("AIOLLM_PROPERTIES") == "thorough"
SCALE = 10 if THOROUGH else 1

settings.register_profile(
    "aiollm",
    deadline=None,
    derandomize=not THOROUGH,
    max_examples=ORDINARY * SCALE,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("aiollm")

many = settings(max_examples=MANY * SCALE)
"""For what is quick to try and has many odd places."""
