"""Chunks back into an answer, rule by rule."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from aiollm.dialects.assembly import Assembler
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import ModelResponse


def chunk(
    delta: dict[str, Any] | None = None, *, index: int = 0, finish: str | None = None, **members: Any
) -> ModelResponseStream:
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish, **members.pop("choice", {})}
    return ModelResponseStream(**{"id": "c", "created": 7, "model": "m", "choices": [choice], **members})


def usage(**counts: Any) -> ModelResponseStream:
    return ModelResponseStream(id="c", model="m", usage=counts)


def built(*chunks: ModelResponseStream, **options: Any) -> ModelResponse:
    assembler = Assembler()
    for one in chunks:
        assembler.add(one)
    response = assembler.response(**options)
    assert response is not None
    return response


def message(*deltas: dict[str, Any]) -> Any:
    return built(*map(chunk, deltas)).choices[0].message


def test_nothing_makes_nothing() -> None:
    assert Assembler().response() is None
    assert Assembler().text() == ""


def test_the_head_is_of_the_first_chunk() -> None:
    response = built(
        chunk({"content": "a"}, id=None, created=None, system_fingerprint=None),
        chunk({"content": "b"}, id="1", created=5, system_fingerprint="f"),
        chunk({"content": "c"}, id="2", created=6, system_fingerprint="g"),
    )
    assert (response.id, response.created, response.system_fingerprint, response.object) == (
        "1",
        5,
        "f",
        "chat.completion",
    )


def test_the_model_is_the_last_one_named() -> None:
    assert built(chunk(model="router"), chunk(model="served"), chunk(model=None)).model == "served"


def test_the_service_tier_is_the_last_one_named() -> None:
    assert built(chunk(service_tier="auto"), chunk(service_tier="flex"), chunk()).service_tier == "flex"


def test_choices_are_told_apart_and_put_in_order() -> None:
    response = built(
        chunk({"content": "b"}, index=1),
        chunk({"content": "a"}),
        chunk({"content": "B"}, index=1, finish="length"),
        chunk(finish="stop"),
    )
    assert [(choice.index, choice.message.content, choice.finish_reason) for choice in response.choices] == [
        (0, "a", "stop"),
        (1, "bB", "length"),
    ]


@pytest.mark.parametrize(
    ("finishes", "reason"),
    [([None], "stop"), (["length", None], "length"), (["length", "content_filter"], "content_filter")],
)
def test_the_finish_reason_is_the_last_one(finishes: list[str | None], reason: str) -> None:
    assert built(*(chunk({"content": "a"}, finish=finish) for finish in finishes)).choices[0].finish_reason == reason


def test_the_finish_reason_of_an_unfinished_answer_may_be_none() -> None:
    assert built(chunk({"content": "a"}), default_finish=None).choices[0].finish_reason is None


@pytest.mark.parametrize(("finish", "reason"), [("stop", "tool_calls"), (None, "tool_calls"), ("length", "length")])
def test_stop_after_tool_calls_is_tool_calls(finish: str | None, reason: str) -> None:
    call = {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}
    assert built(chunk({"tool_calls": [call]}), chunk(finish=finish)).choices[0].finish_reason == reason


def test_the_role_is_the_first_one() -> None:
    assert message({"role": "critic", "content": "a"}, {"role": "assistant"}).role == "critic"
    assert message({"content": "a"}).role == "assistant"


def test_texts_are_joined() -> None:
    got = message(
        {"content": "a", "reasoning_content": "x", "refusal": "n"},
        {"content": None},
        {"content": "b", "reasoning_content": "y", "refusal": "o"},
    )
    assert (got.content, got.reasoning_content, got.refusal) == ("ab", "xy", "no")


@pytest.mark.parametrize(("contents", "content"), [([None], None), ([""], ""), (["a", None], "a")])
def test_content_beside_tool_calls_is_none_unless_it_came(contents: list[str | None], content: str | None) -> None:
    calls = [{"index": 0, "id": "a", "function": {"name": "f"}}]
    assert message({"tool_calls": calls}, *({"content": text} for text in contents)).content == content


def test_content_without_tool_calls_is_never_none() -> None:
    assert message({"reasoning_content": "x"}).content == ""


def test_tool_calls_are_joined_by_index() -> None:
    got = message(
        {"tool_calls": [{"index": 1, "id": "b", "function": {"name": "g", "arguments": "{"}}]},
        {
            "tool_calls": [
                {
                    "index": 0,
                    "id": "a",
                    "type": "function",
                    "function": {"name": "f", "arguments": '{"x"'},
                    "extra": {"k": 1},
                }
            ]
        },
        {"tool_calls": [{"index": 1, "function": {"arguments": "}"}}, {"index": 0, "function": {"arguments": ":1}"}}]},
    )
    assert [(call.id, call.type, call.function.name, call.function.arguments) for call in got.tool_calls] == [
        ("a", "function", "f", '{"x":1}'),
        ("b", "function", "g", "{}"),
    ]
    assert got.tool_calls[0].extra == {"k": 1}


def test_a_repeated_name_is_not_doubled_and_a_cut_one_is_joined() -> None:
    repeated = message(
        *({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}]} for _ in range(3))
    )
    cut = message(
        {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "get_"}}]},
        {"tool_calls": [{"index": 0, "function": {"name": "it"}}]},
    )
    assert (repeated.tool_calls[0].function.name, cut.tool_calls[0].function.name) == ("f", "get_it")


def test_arguments_that_never_came_are_an_empty_object() -> None:
    assert (
        message({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f"}}]}).tool_calls[0].function.arguments
        == "{}"
    )


def test_a_call_without_id_and_name_is_dropped() -> None:
    assert message({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}).tool_calls is None


def test_pieces_without_an_index_are_numbered_by_position() -> None:
    calls = [{"id": "a", "function": {"name": "f"}}, {"id": "b", "function": {"name": "g"}}]
    assert [call.id for call in message({"tool_calls": calls}).tool_calls] == ["a", "b"]


def test_the_input_of_custom_tools_is_joined() -> None:
    got = message(
        {"tool_calls": [{"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql", "input": "select"}}]},
        {"tool_calls": [{"index": 0, "custom": {"input": " 1"}}]},
    )
    assert (got.tool_calls[0].type, got.tool_calls[0].custom) == ("custom", {"name": "sql", "input": "select 1"})


def test_a_function_call_is_joined() -> None:
    got = message(
        {"function_call": {"name": "f", "arguments": ""}},
        {"function_call": {"arguments": '{"a"'}},
        {"function_call": {"arguments": ":1}"}},
    )
    assert (got.function_call.name, got.function_call.arguments) == ("f", '{"a":1}')


def thinking(text: str, **members: Any) -> dict[str, Any]:
    return {"thinking_blocks": [{"type": "thinking", "thinking": text, **members}]}


def test_a_thinking_block_is_joined_until_its_signature() -> None:
    got = message(
        thinking("a"), thinking("b"), thinking("", signature="s1"), thinking("c", signature="s2"), thinking("d")
    )
    assert got.thinking_blocks == [
        {"type": "thinking", "thinking": "ab", "signature": "s1"},
        {"type": "thinking", "thinking": "c", "signature": "s2"},
        {"type": "thinking", "thinking": "d"},
    ]


def test_a_redacted_block_stands_between_thinking_blocks() -> None:
    redacted = {"type": "redacted_thinking", "data": "x"}
    got = message(thinking("a"), {"thinking_blocks": [redacted]}, thinking("b"), thinking("c"))
    assert got.thinking_blocks == [
        {"type": "thinking", "thinking": "a"},
        redacted,
        {"type": "thinking", "thinking": "bc"},
    ]


def test_assembling_changes_no_chunk() -> None:
    chunks = [chunk(thinking("a")), chunk(thinking("b")), chunk({"images": [1], "audio": {"id": "i", "data": "QQ=="}})]
    before = [one.model_dump() for one in chunks]
    first = built(*chunks)
    assert [one.model_dump() for one in chunks] == before
    assert built(*chunks) == first


def test_audio_is_joined_by_its_bytes() -> None:
    got = message(
        {"audio": {"id": "i"}},
        {"audio": {"transcript": "Hel", "data": base64.b64encode(b"a").decode()}},
        {"audio": {"transcript": "lo", "data": base64.b64encode(b"bc").decode()}},
        {"audio": {"data": None, "expires_at": 9}},
    )
    assert got.audio == {"id": "i", "transcript": "Hello", "data": base64.b64encode(b"abc").decode(), "expires_at": 9}


def test_audio_that_is_not_base64_by_the_piece_is_only_joined() -> None:
    assert message({"audio": {"data": "QUJ"}}, {"audio": {"data": "D"}}).audio["data"] == "QUJD"


@pytest.mark.parametrize("name", ["images", "annotations", "reasoning_details", "reasoning_items"])
def test_lists_are_joined(name: str) -> None:
    assert message({name: [1]}, {name: None}, {name: [2, 3]})[name] == [1, 2, 3]


def test_citations_of_single_chunks_become_a_list() -> None:
    got = message(
        {"provider_specific_fields": {"citation": {"a": 1}, "k": 1}},
        {"provider_specific_fields": {"citation": {"b": 2}, "k": 2}},
    )
    assert got.provider_specific_fields == {"citations": [[{"a": 1}, {"b": 2}]], "k": 2}


def test_citations_that_come_in_lists_stay_in_them() -> None:
    got = message(
        {"provider_specific_fields": {"citation": [{"a": 1}]}},
        {"provider_specific_fields": {"citation": [{"b": 2}, {"c": 3}]}},
    )
    assert got.provider_specific_fields == {"citations": [[{"a": 1}], [{"b": 2}, {"c": 3}]]}


def test_thinking_of_another_index_is_a_block_of_its_own() -> None:
    got = message(
        {"thinking_blocks": [{"type": "thinking", "thinking": "a", "index": 0}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "b", "index": 0}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "c", "index": 1}]},
    )
    assert got.thinking_blocks == [{"type": "thinking", "thinking": "ab"}, {"type": "thinking", "thinking": "c"}]


def test_a_plan_of_tools_grows_like_a_text() -> None:
    got = message(
        {"provider_specific_fields": {"tool_plan": "I will"}}, {"provider_specific_fields": {"tool_plan": " ask."}}
    )
    assert got.provider_specific_fields == {"tool_plan": "I will ask."}


def test_citations_of_the_answer_are_the_last_ones() -> None:
    assert built(chunk({"content": "a"}, citations=["x"]), chunk({"content": "b"}, citations=["x", "y"])).citations == [
        "x",
        "y",
    ]


def test_provider_specific_fields_of_chunks_are_kept() -> None:
    response = built(chunk(provider_specific_fields={"a": 1}), chunk(provider_specific_fields={"b": 2}))
    assert response.provider_specific_fields == {"a": 1, "b": 2}


def test_log_probabilities_are_joined_for_content_and_refusal() -> None:
    first = {"logprobs": {"content": [{"token": "a", "logprob": -1.0}], "refusal": None}}
    second = {"logprobs": {"content": [{"token": "b", "logprob": -2.0}], "refusal": [{"token": "n", "logprob": -3.0}]}}
    logprobs = built(chunk({"content": "a"}, choice=first), chunk({"content": "b"}, choice=second)).choices[0].logprobs
    assert logprobs is not None
    assert [token.token for token in logprobs.content or ()] == ["a", "b"]
    assert [token.token for token in logprobs.refusal or ()] == ["n"]


def test_fields_nobody_knows_are_kept_at_every_level() -> None:
    response = built(
        chunk({"content": "a", "odd": 1}, choice={"stop_reason": None, "token_ids": [1]}, provider="P"),
        chunk({"odd": 2}, choice={"stop_reason": 5, "token_ids": [2]}, provider=None),
    )
    assert (response.provider, response.choices[0].message.odd) == ("P", 2)
    assert (response.choices[0].stop_reason, response.choices[0].token_ids) == (5, [1, 2])


def test_a_message_beside_the_delta_does_no_harm() -> None:
    assert built(chunk({"content": "a"}, choice={"message": {"content": "all"}})).choices[0].message.content == "a"


def test_the_last_usage_counts_and_what_it_lacks_is_taken_from_before() -> None:
    response = built(
        chunk({"content": "a"}),
        usage(
            prompt_tokens=9, completion_tokens=1, total_tokens=10, prompt_tokens_details={"cached_tokens": 3}, cost=0.5
        ),
        usage(prompt_tokens=0, completion_tokens=5, total_tokens=14, tier="x"),
    )
    assert response.usage is not None
    assert response.usage.model_dump(exclude_none=True) == {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "total_tokens": 14,
        "tier": "x",
        "cost": 0.5,
        "prompt_tokens_details": {"cached_tokens": 3},
    }


def test_merging_usage_changes_no_chunk() -> None:
    last = usage(prompt_tokens=0, completion_tokens=5)
    built(chunk({"content": "a"}), usage(prompt_tokens=9), last)
    assert last.usage is not None
    assert last.usage.prompt_tokens == 0


def test_text_is_all_that_was_said_and_thought() -> None:
    assembler = Assembler()
    assembler.add(chunk({"content": "a", "reasoning_content": "b"}))
    assembler.add(chunk({"content": "c"}, index=1))
    assert sorted(assembler.text()) == ["a", "b", "c"]


def test_no_text_is_copied_while_it_is_added() -> None:
    """Adding is linear: a piece is written behind the others, and they are joined once."""
    assembler = Assembler()
    for _ in range(50):
        assembler.add(chunk({**thinking("x" * 10), "audio": {"transcript": "y" * 10, "data": "QQ=="}}))
    parts = assembler.choice(0)
    assert len(parts.thinking[0]["thinking"]) == len(parts.audio["transcript"]) == len(parts.audio["data"]) == 50


def test_content_beside_a_function_call_is_none_unless_it_came() -> None:
    call = {"function_call": {"name": "f", "arguments": "{}"}}
    assert message(call).content is None
    assert message({"content": ""}, call).content == ""


def test_a_custom_call_has_no_function() -> None:
    custom = {"name": "sql", "input": "select"}
    got = message({"tool_calls": [{"index": 0, "id": "a", "type": "custom", "custom": custom}]})
    assert got.tool_calls[0].function is None
    assert got.model_dump(exclude_none=True)["tool_calls"] == [{"id": "a", "type": "custom", "custom": custom}]
