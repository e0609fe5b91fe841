"""Asking elsewhere: which model is asked after which error, and what it gets of the first one's."""

from __future__ import annotations

import gc
import pickle
import weakref
from collections.abc import AsyncIterator
from typing import Any

import pytest

import aiollm
from aiollm.testing import ProviderServer, embeddings, role, rst, stall, status, tokens
from tests.engine.calling import KEY, MESSAGES, arguments, collected, text_of


@pytest.fixture
async def first() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        yield server


@pytest.fixture
async def second() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.reply("from the second")
        yield server


def other(server: ProviderServer, **more: Any) -> dict[str, Any]:
    """The arguments of a fallback to another server."""
    return {"model": "openai/other", "api_base": server.base_url, "api_key": "sk-other"} | more


@pytest.mark.parametrize(
    "refusal",
    [status(400), status(401), status(404), status(429), status(500), rst(), [role(), rst()]],
    ids=["400", "401", "404", "429", "500", "reset", "reset after the role"],
)
async def test_another_model_is_asked_when_the_first_fails(
    first: ProviderServer, second: ProviderServer, refusal: Any
) -> None:
    first.script(refusal)
    stream = await aiollm.acompletion(**arguments(first, stream=True, fallbacks=[other(second)]))
    chunks, error = await collected(stream)
    assert (text_of(chunks), error) == ("from the second", None)
    assert stream.model == "other"
    assert [(attempt.cause, attempt.model, attempt.ended) for attempt in stream.attempts] == [
        ("first", "scripted", "failed"),
        ("fallback", "other", "complete"),
    ]


async def test_a_whole_answer_tells_who_gave_it_and_what_failed_before(
    first: ProviderServer, second: ProviderServer
) -> None:
    first.script(status(500))
    response = await aiollm.acompletion(**arguments(first, fallbacks=[other(second)]))
    assert [(attempt.cause, attempt.model, attempt.ended) for attempt in response.attempts] == [
        ("first", "scripted", "failed"),
        ("fallback", "other", "complete"),
    ]
    assert isinstance(response.attempts[0].error, aiollm.InternalServerError)
    assert "attempts" not in response.model_dump()
    copied = pickle.loads(pickle.dumps(response))
    assert [attempt.model for attempt in copied.attempts] == ["scripted", "other"]


async def test_a_whole_answer_that_is_dropped_waits_for_no_collector(second: ProviderServer) -> None:
    response = await aiollm.acompletion(**arguments(second))
    attempt = weakref.ref(response.attempts[0])
    gc.disable()
    try:
        del response
        assert attempt() is None
    finally:
        gc.enable()


async def test_each_model_gets_all_its_tries_first(first: ProviderServer, second: ProviderServer) -> None:
    first.script(status(503, retry_after=0.01))
    second.enqueue(status(503, retry_after=0.01))
    client = aiollm.Client(retry=aiollm.Retry(budget=None))
    response = await client.acompletion(**arguments(first, num_retries=1, fallbacks=[other(second)]))
    assert response.choices[0].message.content == "from the second"
    assert (len(first.log), len(second.log)) == (2, 2)


async def test_the_first_error_is_raised_when_all_fail(first: ProviderServer, second: ProviderServer) -> None:
    first.script(status(429))
    second.script(status(401))
    with pytest.raises(aiollm.RateLimitError) as caught:
        await aiollm.acompletion(**arguments(first, fallbacks=[other(second), other(second, model="openai/third")]))
    assert [attempt.model for attempt in caught.value.attempts] == ["scripted", "other", "third"]
    assert "the fallback openai/other failed too: AuthenticationError" in caught.value.__notes__[0]
    assert len(caught.value.__notes__) == 2


@pytest.mark.parametrize(
    ("code", "expected"),
    [("context_length_exceeded", "long"), ("content_filter", "bold"), ("other", "plain")],
)
async def test_the_reason_decides_who_is_asked(
    first: ProviderServer, second: ProviderServer, code: str, expected: str
) -> None:
    first.script(status(400, body={"error": {"message": "no", "code": code}}))
    lists = {
        "fallbacks": [other(second, model="openai/plain")],
        "context_window_fallbacks": [other(second, model="openai/long")],
        "content_policy_fallbacks": [other(second, model="openai/bold")],
    }
    await aiollm.acompletion(**arguments(first, **lists))
    assert [request.json["model"] for request in second.log] == [expected]


async def test_the_plain_fallbacks_stand_in_for_a_list_that_is_not_there(
    first: ProviderServer, second: ProviderServer
) -> None:
    first.script(status(400, body={"error": {"message": "no", "code": "context_length_exceeded"}}))
    await aiollm.acompletion(**arguments(first, fallbacks=[other(second)]))
    assert len(second.log) == 1


async def test_nobody_else_is_asked_once_the_time_is_over(first: ProviderServer, second: ProviderServer) -> None:
    first.script(stall(30))
    with pytest.raises(aiollm.TotalTimeout):
        await aiollm.acompletion(
            **arguments(first, timeout=aiollm.Timeouts(total=0.2), stream=True, fallbacks=[other(second)])
        )
    assert not second.log


async def test_an_answer_that_breaks_off_is_no_reason(first: ProviderServer, second: ProviderServer) -> None:
    first.script([tokens("some"), rst()])
    stream = await aiollm.acompletion(**arguments(first, stream=True, fallbacks=[other(second)]))
    chunks, error = await collected(stream)
    assert (text_of(chunks), type(error)) == ("some", aiollm.StreamInterrupted)
    assert not second.log


async def test_a_model_of_the_same_provider_is_asked_at_the_same_place(first: ProviderServer) -> None:
    first.enqueue(status(500))
    await aiollm.acompletion(**arguments(first, fallbacks=["openai/sibling"], temperature=0.5))
    assert first.log[1].json == first.log[0].json | {"model": "sibling"}
    assert first.log[1].headers["authorization"] == f"Bearer {KEY}"


async def test_another_provider_gets_no_key_and_no_header_of_the_first(
    first: ProviderServer, second: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk-of-groq")
    monkeypatch.setenv("GROQ_API_BASE", second.base_url)
    first.script(status(500))
    await aiollm.acompletion(**arguments(first, extra_headers={"X-Own": "first"}, fallbacks=["groq/llama"]))
    (request,) = second.log
    assert request.headers["authorization"] == "Bearer gsk-of-groq"
    assert "x-own" not in request.headers


async def test_another_place_of_the_same_provider_gets_no_key_of_the_first(
    first: ProviderServer, second: ProviderServer
) -> None:
    first.script(status(500))
    with pytest.raises(aiollm.AuthenticationError):
        await aiollm.acompletion(**arguments(first, fallbacks=[{"api_base": second.base_url}]))
    assert not first.log


@pytest.mark.parametrize(
    ("fallbacks", "says"),
    [
        ("openai/gpt-4o", "fallbacks must be a list of models, or of dicts of arguments; got text of 13 characters"),
        ([3], "fallbacks[0] must be a model, or a dict such as"),
        ([{"model": 3}], "fallbacks[0] must be a model, or a dict such as"),
        (["nobody/x"], "fallbacks[0] ('nobody/x'): unknown provider 'nobody'"),
        ([{"temperature": -1}], "fallbacks[0] ('openai/scripted'): temperature must be a finite number from 0"),
    ],
)
async def test_a_fallback_that_cannot_be_called_is_found_before_anything_is_sent(
    first: ProviderServer, fallbacks: Any, says: str
) -> None:
    with pytest.raises(aiollm.BadRequestError) as caught:
        await aiollm.acompletion(**arguments(first, fallbacks=fallbacks))
    assert says in str(caught.value)
    assert not first.log


async def test_embeddings_fall_back(first: ProviderServer, second: ProviderServer) -> None:
    first.script(status(500))
    second.script(embeddings([1.0]))
    response = await aiollm.aembedding(
        "openai/small", "Hi", api_base=first.base_url, api_key=KEY, num_retries=0, fallbacks=[other(second)]
    )
    assert len(response.data) == 1
    assert second.log[0].json["model"] == "other"
    assert [attempt.model for attempt in response.attempts] == ["small", "other"]


async def test_responses_fall_back(first: ProviderServer, second: ProviderServer) -> None:
    first.script(status(500))
    stream = await aiollm.aresponses(
        "Hi", "openai/x", stream=True, api_base=first.base_url, api_key=KEY, num_retries=0, fallbacks=[other(second)]
    )
    assert [event.delta async for event in stream if event.type == "response.output_text.delta"]
    assert [attempt.model for attempt in stream.attempts] == ["x", "other"]
    response = await aiollm.aresponses(
        "Hi", "openai/x", api_base=first.base_url, api_key=KEY, num_retries=0, fallbacks=[other(second)]
    )
    assert [attempt.model for attempt in response.attempts] == ["x", "other"]


def test_the_blocking_face_falls_back() -> None:
    with ProviderServer() as first, ProviderServer() as second:
        first.script(status(500))
        second.reply("from the second")
        stream = aiollm.completion(
            "openai/scripted",
            MESSAGES,
            stream=True,
            api_base=first.base_url,
            api_key=KEY,
            num_retries=0,
            fallbacks=[other(second)],
        )
        assert text_of(stream) == "from the second"
