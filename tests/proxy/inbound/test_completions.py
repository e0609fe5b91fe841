"""OpenAI's older completions, by way of a chat."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types import Completion

from aiollm import exceptions as e
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.completions import CompletionFrames, completion_response, parse_completion
from aiollm.proxy.inbound.failure import failure_of
from aiollm.types.logprobs import ChoiceLogprobs
from tests.proxy.inbound.answers import ASKED, payloads, streamed, whole, written

ENTRIES = [
    {"token": "ab", "logprob": -0.1, "top_logprobs": [{"token": "x", "logprob": -3.0}]},
    {"token": "c", "logprob": -0.2, "top_logprobs": []},
]


def parsed(**members: Any) -> Asked:
    return parse_completion({"model": "m", "prompt": "Once", **members})


def test_a_prompt_is_a_users_message() -> None:
    for prompt in ("Once", ["Once"]):
        asked = parsed(prompt=prompt, max_tokens=5, stop="\n", logprobs=2, echo=False, best_of=1, n=1)
        assert asked.arguments == {
            "messages": [{"role": "user", "content": "Once"}],
            "max_tokens": 5,
            "stop": "\n",
            "n": 1,
            "logprobs": True,
            "top_logprobs": 2,
        }


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": ["a", "b"]},
        {"prompt": [1, 2]},
        {"prompt": None},
        {"echo": True},
        {"suffix": "x"},
        {"best_of": 3},
        {"logprobs": True},
        {"logprobs": 21},
    ],
)
def test_what_a_chat_cannot_do_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(e.BadRequestError) as caught:
        parsed(**wrong)
    assert caught.value.param == next(iter(wrong))


def test_a_whole_answer_is_one_of_openais() -> None:
    response = whole(content="abc")
    response.choices[0].logprobs = ChoiceLogprobs(content=ENTRIES)
    completion = Completion.model_validate_json(completion_response(response, ASKED), strict=True)
    assert (completion.object, completion.model, completion.choices[0].text) == ("text_completion", "alias", "abc")
    logprobs = completion.choices[0].logprobs
    assert logprobs is not None
    assert (logprobs.tokens, logprobs.text_offset, logprobs.token_logprobs) == (["ab", "c"], [0, 2], [-0.1, -0.2])


def test_a_stream_has_text_and_one_end() -> None:
    data = written(CompletionFrames(ASKED), streamed({"content": "a"}, {"content": "b"}))
    told = payloads(data)
    assert data.endswith(b"data: [DONE]\n\n")
    assert [[choice["text"] for choice in frame["choices"]] for frame in told] == [["a"], ["b"], [""], []]
    assert told[2]["choices"][0]["finish_reason"] == "stop"
    assert told[3]["usage"]["total_tokens"] == 12


def test_usage_is_only_for_those_who_asked() -> None:
    told = payloads(written(CompletionFrames(parsed(stream=True)), streamed({"content": "a"})))
    assert len(told) == 2
    assert "usage" not in json.dumps(told)


def test_a_stream_that_breaks_off_ends_in_an_error() -> None:
    data = CompletionFrames(ASKED).fail(failure_of(e.IdleTimeout("idle")))
    assert payloads(data)[0]["error"]["code"] == "upstream_timeout"
