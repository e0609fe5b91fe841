from __future__ import annotations

from aiollm.router_arguments.group_info import group_info
from tests.router.fleets import deployment


def test_a_group_is_its_deployments_together() -> None:
    info = group_info(
        "g",
        [
            deployment("a", rpm=10, tpm=100, max_input_tokens=8000, input_cost_per_token=1e-6),
            deployment("b", rpm=20, max_input_tokens=16000, input_cost_per_token=3e-6, model="groq/x"),
            deployment("c", model="*"),
        ],
    )
    assert (info.model_group, info.providers) == ("g", ("openai", "groq"))
    assert (info.rpm, info.tpm, info.max_input_tokens) == (30, 100, 16000)
    assert (info.input_cost_per_token, info.output_cost_per_token) == (3e-6, None)
