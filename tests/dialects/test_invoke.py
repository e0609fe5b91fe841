"""Models behind InvokeModel and SageMaker's endpoints: wrapped events, requests in the models' own forms."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.dialects.invoke import InvokeFramer, PayloadFramer
from aiollm.dialects.invoke_nova import named_event
from aiollm.dialects.invoke_openai import reasoning_apart
from aiollm.dialects.invoke_text import llama_prompt, mistral_prompt
from aiollm.dialects.table import dialect_of
from aiollm.providers import resolve
from aiollm.types.origin import Origin
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.types.request import Request
from aiollm.wire.frame import Frame
from aiollm.wire.http import ReplyHead
from tests.dialects.reading import Reading, context, endpoint, read, request
from tests.wire.event_messages import event, exception, message

HI = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
METRICS = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 3, "outputTokenCount": 2}}
ENVIRON = {"AWS_REGION": "us-east-1"}


def chunk(payload: Any) -> bytes:
    """A model's event, as Bedrock wraps it."""
    inner = base64.b64encode(json.dumps(payload).encode()).decode()
    return event("chunk", json.dumps({"bytes": inner, "p": "abc"}).encode())


def sent(model: str, *, stream: bool = True, messages: Any = HI, **params: Any) -> tuple[str, dict[str, Any]]:
    """The path and the body of a request."""
    target = resolve(f"bedrock/{model}", environ=ENVIRON)
    asked = Request(model=target.model, messages=messages, params=params, known=OPENAI_PARAMS, stream=stream)
    http = dialect_of(target.provider.dialect).encode(asked, target.endpoint)
    return http.url.removeprefix("https://bedrock-runtime.us-east-1.amazonaws.com"), json.loads(http.body)


def reading(dialect: str, *events: bytes, **asked: Any) -> Reading:
    return read([b"".join(events)], dialect=dialect_of(dialect), **asked)


def test_claude_has_its_version_in_the_body_and_its_name_in_the_url() -> None:
    path, body = sent("invoke/us.anthropic.claude-sonnet-4-5-20250929-v1:0", max_tokens=9, betas=["b1"])
    assert path == "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke-with-response-stream"
    assert body == {
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": ["b1"],
        "max_tokens": 9,
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }
    assert sent("invoke/anthropic.claude-3-haiku-v1:0", stream=False)[0].endswith("/invoke")


def test_claude_is_read_through_the_wrapping() -> None:
    found = reading(
        "invoke_claude",
        chunk({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 3, "output_tokens": 1}}}),
        chunk({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        chunk({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}),
        chunk({"type": "content_block_stop", "index": 0}),
        chunk({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
        chunk({"type": "message_stop", **METRICS}),
    )
    assert found.error is None
    assert (found.text(), found.finishes) == ("Hi", {0: ["stop"]})
    assert found.chunks[-1].usage.total_tokens == 5


def test_nova_has_its_own_members_beside_converses() -> None:
    path, body = sent("invoke/amazon.nova-lite-v1:0", max_tokens=9, top_k=5)
    assert path.endswith("/invoke-with-response-stream")
    assert body == {
        "schemaVersion": "messages-v1",
        "inferenceConfig": {"maxTokens": 9, "topK": 5},
        "system": [{"text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
    }


def test_novas_events_have_their_names_inside() -> None:
    assert named_event(b'{"messageStop": {"stopReason": "end_turn"}}') == Frame(
        "messageStop", b'{"stopReason": "end_turn"}'
    )
    assert named_event(b'{"output": {}, "stopReason": "x"}').event == ""
    assert named_event(b"no JSON") == Frame("", b"no JSON")
    found = reading(
        "invoke_nova",
        chunk({"messageStart": {"role": "assistant"}}),
        chunk({"contentBlockDelta": {"delta": {"text": "Hi"}, "contentBlockIndex": 0}}),
        chunk({"messageStop": {"stopReason": "max_tokens"}}),
        chunk({"metadata": {"usage": {"inputTokens": 3, "outputTokens": 2}}, **METRICS}),
    )
    assert (found.error, found.text(), found.finishes) == (None, "Hi", {0: ["length"]})
    assert found.chunks[-1].usage.total_tokens == 5


LLAMA_3 = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
)


def test_llama_takes_a_prompt() -> None:
    path, body = sent("invoke/us.meta.llama3-3-70b-instruct-v1:0", max_tokens=9, temperature=0.5, stream_options={})
    assert path.endswith("/invoke-with-response-stream")
    assert body == {"prompt": LLAMA_3, "max_gen_len": 9, "temperature": 0.5}
    arn = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc"
    assert sent(f"llama/{arn}")[1] == {"prompt": LLAMA_3}
    with pytest.raises(e.UnsupportedParamsError, match="tools"):
        sent("invoke/meta.llama3-70b-instruct-v1:0", tools=[])


def test_each_generation_of_llama_has_its_template() -> None:
    turns = [("user", "a"), ("assistant", "b"), ("user", "c")]
    assert llama_prompt(turns, "meta.llama4-scout") == (
        "<|begin_of_text|><|header_start|>user<|header_end|>\n\na<|eot|><|header_start|>assistant<|header_end|>\n\nb"
        "<|eot|><|header_start|>user<|header_end|>\n\nc<|eot|><|header_start|>assistant<|header_end|>\n\n"
    )
    assert (
        llama_prompt(turns, "meta.llama2-13b")
        == mistral_prompt(turns, "")
        == "<s>[INST] a [/INST] b</s>[INST] c [/INST]"
    )


def test_mistral_takes_a_prompt() -> None:
    _, body = sent("invoke/mistral.mistral-7b-instruct-v0:2", max_completion_tokens=9, stop="x")
    assert body == {"prompt": "<s>[INST] Be brief.\n\nHi [/INST]", "max_tokens": 9, "stop": ["x"]}


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}}]},
        {"role": "tool", "tool_call_id": "c", "content": "7"},
        {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "f"}}]},
    ],
)
def test_a_prompt_holds_text_only(message: dict[str, Any]) -> None:
    with pytest.raises(e.BadRequestError, match=r"messages\[0\]"):
        sent("invoke/meta.llama3-70b-instruct-v1:0", messages=[message])


LLAMA = [
    chunk({"generation": "Hel", "prompt_token_count": 3, "generation_token_count": 1, "stop_reason": None}),
    chunk(
        {
            "generation": "lo",
            "prompt_token_count": None,
            "generation_token_count": 2,
            "stop_reason": "length",
            **METRICS,
        }
    ),
]
MISTRAL = [
    chunk({"outputs": [{"text": "Hel", "stop_reason": None}]}),
    chunk({"outputs": [{"text": "lo", "stop_reason": "length"}], **METRICS}),
]


@pytest.mark.parametrize(("dialect", "events"), [("invoke_llama", LLAMA), ("invoke_mistral", MISTRAL)])
def test_plain_text_is_streamed(dialect: str, events: list[bytes]) -> None:
    found = reading(dialect, *events)
    assert (found.error, found.text(), found.finishes) == (None, "Hello", {0: ["length"]})
    assert found.decoder.done
    assert found.chunks[-1].usage.total_tokens == 5


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        (
            "invoke_llama",
            {"generation": "Hi", "prompt_token_count": 3, "generation_token_count": 2, "stop_reason": "stop"},
        ),
        ("invoke_mistral", {"outputs": [{"text": "Hi", "stop_reason": "stop"}]}),
    ],
)
def test_plain_text_is_read_whole_with_the_counts_of_the_head(dialect: str, body: dict[str, Any]) -> None:
    asked = request(stream=False)
    place = context(asked)
    head = {"x-amzn-bedrock-input-token-count": "3", "x-amzn-bedrock-output-token-count": "2"}
    place.origin.headers = head
    response = dialect_of(dialect).decode(json.dumps(body).encode(), asked, place)
    assert response.choices[0].message.content == "Hi"
    assert response.usage is not None
    assert response.usage.total_tokens == 5
    assert isinstance(place.origin, Origin)


def test_gpt_oss_and_jamba_speak_openais_format_without_the_models_name() -> None:
    for model in ("invoke/openai.gpt-oss-20b-1:0", "invoke/ai21.jamba-1-5-mini-v1:0"):
        _, body = sent(model, max_completion_tokens=9, stream_options={"include_usage": True})
        assert body == {"messages": HI, "max_tokens": 9}


def test_reasoning_between_tags_is_told_from_text() -> None:
    delta = {"content": "<reasoning>Hm.</reasoning>So"}
    found = json.loads(reasoning_apart(json.dumps({"choices": [{"index": 0, "delta": delta}]}).encode()).data)
    assert found["choices"][0]["delta"] == {"content": "So", "reasoning_content": "Hm."}
    for plain in (b'{"choices": []}', b"<reasoning> and no JSON", b'["<reasoning>"]'):
        assert reasoning_apart(plain) == Frame("", plain)
    measured = json.loads(reasoning_apart(json.dumps({"choices": [], **METRICS}).encode()).data)
    assert measured["usage"] == {"prompt_tokens": 3, "completion_tokens": 2}


def test_a_format_that_is_not_spoken_says_what_to_do() -> None:
    for model in ("invoke/amazon.titan-text-lite-v1", "invoke/cohere.command-r-v1:0"):
        with pytest.raises(e.BadRequestError, match="Converse takes every model"):
            sent(model)


def test_an_exception_in_place_of_a_chunk_is_raised_after_those_before_it() -> None:
    found = reading("invoke_llama", LLAMA[0], exception("throttlingException", b'{"message":"slow"}'))
    assert isinstance(found.error, e.RateLimitError)
    assert found.text() == "Hel"
    assert str(found.error) == "bedrock answered 429: slow"


@pytest.mark.parametrize("data", [b'{"bytes": "no base64!"}', b"{}", b"[]", b"\xff"])
def test_a_chunk_that_cannot_be_unwrapped_is_quoted(data: bytes) -> None:
    with pytest.raises(e.InvalidChunk, match="cannot be read"):
        list(InvokeFramer().feed(event("chunk", data)))


def test_other_messages_are_passed_over() -> None:
    framer = InvokeFramer()
    assert [frame.data for frame in framer.feed(event("initial-response") + chunk({"a": 1}))] == [b'{"a": 1}']
    assert list(framer.finish()) == []


def test_errors_are_awss() -> None:
    head = ReplyHead(403, {"x-amzn-errortype": "AccessDeniedException:http://x"})
    error = dialect_of("invoke_nova").error(head, b'{"message":"no access"}', request(), endpoint())
    assert type(error) is e.PermissionDeniedError
    assert error.code == "AccessDeniedException"


def payload(data: bytes) -> bytes:
    """A piece of an endpoint's answer, as SageMaker wraps it."""
    return message(
        {":event-type": "PayloadPart", ":content-type": "application/octet-stream", ":message-type": "event"}, data
    )


def test_sagemakers_pieces_are_cut_anywhere() -> None:
    answer = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"}}]}\n\n'
    end = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    body = answer + end
    for size in (1, 7, len(body)):
        pieces = [payload(body[place : place + size]) for place in range(0, len(body), size)]
        found = reading("sagemaker", *pieces)
        assert (found.error, found.text(), found.finishes) == (None, "Hi", {0: ["stop"]})
    framer = PayloadFramer()
    assert [*framer.feed(payload(b'data: {"a": 1}')), *framer.finish()] == [Frame("", b'{"a": 1}')]


def test_sagemakers_failures_are_raised() -> None:
    found = reading("sagemaker", exception("ModelStreamError", b'{"Message":"it broke","ErrorCode":"x"}'))
    assert isinstance(found.error, e.InternalServerError)
    assert "it broke" in str(found.error)


def test_sagemaker_posts_to_the_endpoint() -> None:
    target = resolve("sagemaker_chat/my-endpoint", environ=ENVIRON)
    asked = Request(model=target.model, messages=HI, stream=True)
    http = dialect_of("sagemaker").encode(asked, target.endpoint)
    assert http.url == (
        "https://runtime.sagemaker.us-east-1.amazonaws.com/endpoints/my-endpoint/invocations-response-stream"
    )
    assert json.loads(http.body)["messages"] == HI
    assert target.provider.service == "sagemaker"
