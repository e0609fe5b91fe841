"""The questions asked of every library, in the order of the report."""

from benchmarks.scenarios import (
    blocking,
    cancel_storm,
    clock_lateness,
    event_loops,
    first_token,
    importing,
    long_stream,
    paced,
    saturated,
    scoped,
    stopping,
    whole_reply,
)
from benchmarks.scenarios.scenario import Scenario

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        saturated.SCENARIO,
        paced.SCENARIO,
        blocking.SCENARIO,
        whole_reply.SCENARIO,
        first_token.SCENARIO,
        stopping.SCENARIO,
        stopping.BLOCKING_SCENARIO,
        cancel_storm.SCENARIO,
        clock_lateness.SCENARIO,
        scoped.SCENARIO,
        event_loops.SCENARIO,
        long_stream.SCENARIO,
        importing.SCENARIO,
    )
}
