"""Two halves of an answer, made one: chunks, whole answers, counts."""

from __future__ import annotations

import aiollm
from aiollm import Choices, Delta, Message, ModelResponse, ModelResponseStream, StreamingChoices, Usage
from aiollm.engine.seam import Seam


def answer(text: str, **more: object) -> ModelResponse:
    return ModelResponse(id="first", created=1, model="one", choices=[Choices(message=Message(content=text))], **more)


def chunk(content: str | None = None, **more: object) -> ModelResponseStream:
    choice = StreamingChoices(delta=Delta(content=content, role="assistant"), **more)
    return ModelResponseStream(id="second", created=2, model="two", choices=[choice])


def test_the_chunks_of_the_continuation_belong_to_the_first_answer() -> None:
    (joined,) = Seam(answer("so far"), (None,)).chunks([chunk(" so good")])
    assert (joined.id, joined.created, joined.model) == ("first", 1, "two")
    assert (joined.choices[0].delta.role, joined.choices[0].delta.content) == (None, " so good")


def test_what_was_held_back_comes_with_the_finish_reason() -> None:
    seam = Seam(answer("a text that is long enough"), (None,))
    first, last = seam.chunks([chunk("that is"), chunk(finish_reason="stop")])
    assert (first.choices[0].delta.content, last.choices[0].delta.content) == ("", "that is")
    assert seam.rest("two") == []


def test_what_was_held_back_is_not_lost_without_a_finish_reason() -> None:
    seam = Seam(answer("a text that is long enough"), (None,))
    seam.chunks([chunk("that is")])
    (rest,) = seam.rest("two")
    assert (rest.id, rest.model, rest.choices[0].delta.content) == ("first", "two", "that is")
    assert seam.rest("two") == []


def test_the_answers_are_joined_as_the_chunks_are() -> None:
    seam = Seam(answer("a text that is long enough "), (None,))
    later = ModelResponse(
        id="second", model="two", choices=[Choices(message=Message(content="that is long enough to see"))]
    )
    whole = seam.response(later)
    assert whole.choices[0].message.content == "a text that is long enough to see"
    assert (whole.id, whole.created, whole.model) == ("first", 1, "two")
    assert later.choices[0].message.content == "that is long enough to see"


def test_before_the_continuation_has_come_the_answer_is_what_came_before() -> None:
    assert Seam(answer("so far"), (None,)).response(None) == answer("so far")


def test_the_counts_add_up_and_say_of_what() -> None:
    first = Usage(
        prompt_tokens=5, completion_tokens=1, total_tokens=6, prompt_tokens_details={"cached_tokens": 2}, tier="a"
    )
    later = Usage(
        prompt_tokens=9, completion_tokens=4, total_tokens=13, prompt_tokens_details={"cached_tokens": 3}, tier="b"
    )
    total = Seam(answer("a"), (first,)).usage(later)
    assert (total.prompt_tokens, total.completion_tokens, total.total_tokens) == (14, 5, 19)
    assert total.prompt_tokens_details.cached_tokens == 5
    assert total["tier"] == "b"
    assert total["parts"] == [first, later]
    assert (first.total_tokens, later.total_tokens) == (6, 13)


def test_a_part_that_was_not_counted_is_none() -> None:
    later = Usage(prompt_tokens=9, completion_tokens=4, total_tokens=13)
    total = Seam(answer("a"), (None,)).usage(later)
    assert (total.total_tokens, total["parts"]) == (13, [None, later])
    assert later.get("parts") is None
    assert Seam(answer("a"), (None,)).usage(None) is None


def test_the_usage_chunk_has_the_sum() -> None:
    seam = Seam(answer("a"), (Usage(prompt_tokens=1, completion_tokens=1, total_tokens=2),))
    counting = ModelResponseStream(usage=Usage(prompt_tokens=2, completion_tokens=3, total_tokens=5))
    (joined,) = seam.chunks([counting])
    assert joined.usage.total_tokens == 7
    assert aiollm.stream_chunk_builder([chunk("a"), joined]).usage.total_tokens == 7
