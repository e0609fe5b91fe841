"""One profile for all properties: the same examples on every run, so that a failure can be repeated."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "aiollm",
    deadline=None,
    derandomize=True,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("aiollm")
