"""What is promised of the proxy's speed."""

from dataclasses import dataclass

from benchmarks.proxy.gateways import LITELLM, RELAY


@dataclass(frozen=True)
class Promise:
    """One promise.

    Attributes:
        title: what it is about.
        figure: what is measured, as ``case.figure``.
        bound: how much it may be at the most; of LiteLLM, how many times ours it costs at the least.
        unit: of the bound.
        beside: whose figure of the same round it is compared with: "relay" and "litellm" make a ratio, "direct" a
            difference; None for the figure itself.
        digits: how many are shown.
    """

    title: str
    figure: str
    bound: float
    unit: str = "x the relay"
    beside: str | None = RELAY
    digits: int = 2


PROMISES = (
    Promise("processor time of a request", "whole.cpu_us", 2.0),
    Promise("processor time of a paced frame, 32 streams", "paced32.cpu_us", 1.25),
    Promise("processor time of a paced frame, 256 streams", "paced256.cpu_us", 1.25),
    Promise("processor time of a blast frame", "blast.cpu_us", 2.5),
    Promise("a request through LiteLLM's proxy", "whole.cpu_us", 25, "x ours", LITELLM, 0),
    Promise("a paced frame through LiteLLM's proxy", "paced32.cpu_us", 12, "x ours", LITELLM, 0),
    Promise("added to the first token", "first.p50_ms", 1.0, "ms", "direct"),
    Promise("largest gap of 256 paced streams above the upstream's", "paced256.gap_ms", 100, "ms", None, 0),
    Promise("memory idle", "start.idle_megabytes", 70, "MB", None, 0),
    Promise("from the start to the first answer", "start.seconds", 0.6, "s", None),
)
