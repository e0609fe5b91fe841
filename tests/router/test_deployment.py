from __future__ import annotations

import pytest

from aiollm.router.deployment import named
from aiollm.types.request import Request
from tests.router.fleets import deployment


@pytest.mark.parametrize(
    ("model", "pattern", "name", "called"),
    [
        ("openai/gpt-4o", "fast", "fast", "openai/gpt-4o"),
        ("openai/*", "openai/*", "openai/gpt-4o", "openai/gpt-4o"),
        ("openai/gpt-*", "my-*", "my-4o", "openai/gpt-4o"),
        ("*", "*", "groq/llama", "groq/llama"),
        ("azure/eu-*-v2", "*-eu", "gpt-eu", "azure/eu-gpt-v2"),
        ("openai/fixed", "*", "whatever", "openai/fixed"),
    ],
)
def test_a_star_is_what_the_name_has_in_its_place(model: str, pattern: str, name: str, called: str) -> None:
    assert named(model, pattern, name) == called


def test_the_target_is_that_of_the_name() -> None:
    target = deployment(group="openai/*", model="openai/*").target("openai/gpt-4o", "chat")
    assert (target.provider.name, target.model) == ("openai", "gpt-4o")


def test_the_callers_parameters_are_over_the_defaults() -> None:
    own = Request(
        model="",
        messages=(),
        params={"temperature": 0.1, "seed": 7},
        extra_headers={"X-A": "1", "X-B": "1"},
        extra_body={"k": 1},
        drop_params=True,
        additional_drop_params=("user",),
        allowed_openai_params=frozenset({"n"}),
        mock_response="made up",
    )
    asked = Request(
        model="g", messages=[{"role": "user", "content": "x"}], params={"temperature": 0.9}, extra_headers={"X-A": "2"}
    )
    made = deployment(defaults=own).request(asked, "m")
    assert made.model == "m"
    assert made.messages == asked.messages
    assert made.params == {"temperature": 0.9, "seed": 7}
    assert made.extra_headers == {"X-A": "2", "X-B": "1"}
    assert made.extra_body == {"k": 1}
    assert (made.drop_params, made.additional_drop_params) == (True, ("user",))
    assert (made.allowed_openai_params, made.mock_response) == (frozenset({"n"}), "made up")
