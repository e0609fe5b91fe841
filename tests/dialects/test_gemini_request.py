"""Parameters where Gemini has them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.dialects.gemini import Gemini
from aiollm.exceptions import BadRequestError, UnsupportedParamsError
from aiollm.types.parameters import OPENAI_PARAMS
from tests.dialects.reading import endpoint, request

SCHEMA = {"$defs": {"P": {"type": "string"}}, "type": "object", "properties": {"a": {"$ref": "#/$defs/P"}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA, "strict": True}}


def body(model: str = "gemini-2.5-flash", **asked: Any) -> dict[str, Any]:
    wanted = request(**{"model": model, "known": OPENAI_PARAMS, "stream": False, **asked})
    sent = json.loads(Gemini().encode(wanted, endpoint(unsupported=frozenset({"user"}))).body)
    assert isinstance(sent, dict)
    return sent


def config(model: str = "gemini-2.5-flash", **params: Any) -> Any:
    return body(model, params=params).get("generationConfig")


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        ({"max_completion_tokens": 5}, {"maxOutputTokens": 5}),
        ({"n": 2, "seed": 1}, {"candidateCount": 2, "seed": 1}),
        ({"stop": ["a", "b"]}, {"stopSequences": ["a", "b"]}),
        ({"stop": "a"}, {"stopSequences": ["a"]}),
        ({"logprobs": True, "top_logprobs": 2}, {"responseLogprobs": True, "logprobs": 2}),
        ({"modalities": ["text", "audio"]}, {"responseModalities": ["TEXT", "AUDIO"]}),
        (
            {"audio": {"voice": "Kore", "format": "pcm16"}},
            {"speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}},
        ),
        ({"top_k": 5}, {"topK": 5}),
        ({"topK": 5, "imageConfig": {"aspectRatio": "1:1"}}, {"topK": 5, "imageConfig": {"aspectRatio": "1:1"}}),
        ({"thinking_config": {"thinkingBudget": 9}}, {"thinkingConfig": {"thinkingBudget": 9}}),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 9}},
            {"thinkingConfig": {"thinkingBudget": 9, "includeThoughts": True}},
        ),
        ({"thinking": {"type": "enabled"}}, {"thinkingConfig": {"includeThoughts": True}}),
        ({"thinking": {"type": "disabled"}}, {"thinkingConfig": {"thinkingBudget": 0, "includeThoughts": False}}),
        ({"generation_config": {"topK": 1}, "seed": 2}, {"seed": 2, "topK": 1}),
        ({"response_format": {"type": "text"}}, None),
        ({"response_format": {"type": "json_object"}}, {"responseMimeType": "application/json"}),
        ({"response_format": FORMAT}, {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}),
    ],
)
def test_a_parameter_goes_into_the_configuration(params: dict[str, Any], sent: Any) -> None:
    assert config(**params) == sent


def test_an_older_model_gets_a_schema_without_references() -> None:
    assert config("gemini-1.5-pro", response_format=FORMAT) == {
        "responseMimeType": "application/json",
        "responseSchema": {"type": "object", "properties": {"a": {"type": "string"}}},
    }


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        ({"safety_settings": [{"category": "c"}]}, {"safetySettings": [{"category": "c"}]}),
        ({"cachedContent": "cachedContents/1"}, {"cachedContent": "cachedContents/1"}),
        ({"labels": {"team": "a"}}, {"labels": {"team": "a"}}),
        ({"service_tier": "flex"}, {"serviceTier": "flex"}),
        ({"service_tier": "default"}, {"serviceTier": "standard"}),
        ({"service_tier": "auto"}, {}),
        ({"made_up": 1}, {"made_up": 1}),
        ({"web_search_options": {}}, {"tools": [{"googleSearch": {}}]}),
    ],
)
def test_a_parameter_goes_beside_the_configuration(params: dict[str, Any], sent: dict[str, Any]) -> None:
    assert body(params=params) == {**body(), **sent}


def test_the_finest_detail_of_an_image_holds_for_all() -> None:
    def image(detail: str) -> dict[str, Any]:
        return {"type": "image_url", "image_url": {"url": "gs://b/a.png", "detail": detail}}

    def resolution(*details: str) -> Any:
        sent = body(messages=[{"role": "user", "content": [image(detail) for detail in details]}])
        return sent.get("generationConfig")

    assert resolution("low", "high") == {"mediaResolution": "MEDIA_RESOLUTION_HIGH"}
    assert resolution("low") == {"mediaResolution": "MEDIA_RESOLUTION_LOW"}
    assert resolution("auto") is None


def test_an_effort_is_refused_where_a_model_does_not_think() -> None:
    with pytest.raises(UnsupportedParamsError, match="does not take reasoning_effort") as caught:
        config("gemini-2.0-flash", reasoning_effort="low")
    assert caught.value.param == "reasoning_effort"
    assert "generationConfig" not in body("gemini-2.0-flash", params={"reasoning_effort": "low"}, drop_params=True)
    assert config("gemini-2.0-flash", thinking={"type": "disabled"}) is None


def test_what_gemini_has_no_place_for_is_refused() -> None:
    with pytest.raises(UnsupportedParamsError, match="acme does not take user"):
        body(params={"user": "u"})
    assert "user" not in body(params={"user": "u"}, drop_params=True)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"thinking": True}, "thinking"),
        ({"reasoning_effort": "lots"}, "reasoning_effort"),
    ],
)
def test_a_value_that_nobody_knows_is_refused(params: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        body(params=params)
    assert caught.value.param == param


def test_a_parameter_of_another_type_is_refused_in_words() -> None:
    with pytest.raises(BadRequestError, match="cannot be put into the form that acme takes"):
        body(params={"response_format": {"type": "json_schema", "json_schema": 7}})


def test_members_of_the_callers_own_are_over_ours() -> None:
    assert body(params={"seed": 1}, extra_body={"generationConfig": {"topK": 3}})["generationConfig"] == {"topK": 3}
    assert "generationConfig" not in body(params={"seed": 1}, additional_drop_params=("seed",))
