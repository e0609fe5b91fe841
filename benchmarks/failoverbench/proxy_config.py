"""``python -m benchmarks.failoverbench.proxy_config``: the suite's configuration of a proxy, with more switched on.

It reads what the suite's `litellm-config` writes, and writes it with answers that go on where they broke off
(`continue`), and also with shorter clocks and refusals that stand (`tuned`).
"""

from __future__ import annotations

import sys
from typing import Any

import yaml

SECONDS = 10
"""For the first content and for the next: what the suite's reference client has."""


def continuing(config: dict[str, Any]) -> None:
    """Let answers go on. The wall does so as a vLLM server would, and only of such a one is that known."""
    config["router_settings"]["enable_mid_stream_fallback_continuation"] = True
    for deployment in config["model_list"]:
        params = deployment["litellm_params"]
        params["model"] = params["model"].replace("openai/", "hosted_vllm/")


def tuned(config: dict[str, Any]) -> None:
    """Do that, wait less, and leave it at a refusal."""
    continuing(config)
    settings = config["router_settings"]
    settings["stream_timeout"] = SECONDS
    settings["content_policy_fallbacks"] = [{deployment["model_name"]: []} for deployment in config["model_list"]]


if __name__ == "__main__":
    given = yaml.safe_load(sys.stdin)
    {"continue": continuing, "tuned": tuned}[sys.argv[1]](given)
    yaml.safe_dump(given, sys.stdout, sort_keys=False)
