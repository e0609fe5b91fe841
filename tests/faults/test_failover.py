"""The sixteen faults that gateways are judged by, against two deployments: the first fails, the second can stand in.

The faults are those of Failover Bench's catalogue (S01 to S16, github.com/failoverbench), with shorter waits. By
default no call hangs, no cut answer looks whole, nobody is hammered, and the caller is told who answered; with
`mid_stream` on, answers that break off are had in full too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from attrs import frozen

import aiollm
from aiollm import Router
from aiollm.testing import (
    LoggedRequest,
    ProviderServer,
    bad_json,
    cut,
    finish,
    headers,
    reply,
    role,
    rst,
    silence,
    stall,
    status,
    tokens,
    usage,
)
from tests.engine.calling import MESSAGES, collected, text_of
from tests.router.deployments import put_forward

ANSWER = " ".join(f"word{number}" for number in range(60))
FIRST_WORDS = " ".join(ANSWER.split()[:40]) + " "
CLOCK = 0.4  # seconds: the longest wait for the first content, and for the next
BAD_REQUEST = {"error": {"message": "refused", "type": "invalid_request_error"}}


def _refused(code: str) -> Any:
    return status(400, body={"error": {"message": f"refused: {code}", "type": "invalid_request_error", "code": code}})


@frozen
class Fault:
    """What the first deployment does, and what becomes of a call.

    Attributes:
        name: its number and what it is.
        once: answers of the first deployment, one a request; then it answers rightly,
        always: or else goes on with this.
        asked: how often the first deployment is asked at the least and at the most.
        by: who answers: "first", "second", or nobody.
        error: what the caller gets by default when nobody answers whole.
        taken_up: whether `mid_stream` makes the answer whole.
    """

    name: str
    once: tuple[Any, ...] = ()
    always: Any = None
    asked: tuple[int, int] = (1, 1)
    by: str | None = "second"
    error: type[aiollm.APIError] | None = None
    taken_up: bool = False


FAULTS = [
    Fault("S01 429 with Retry-After", once=(status(429, retry_after=0.2),), asked=(2, 2), by="first"),
    Fault("S02 429 without Retry-After", always=status(429), asked=(3, 3)),
    Fault("S03 one 500", once=(status(500),), asked=(2, 2), by="first"),
    Fault("S04 standing 503", always=status(503), asked=(3, 3)),
    Fault("S05 reset before the head", once=(rst(),), asked=(2, 2), by="first"),
    Fault("S06 no response at all", always=silence()),
    Fault("S07 slow first token", always=[headers(), stall(5), reply(ANSWER)]),
    Fault(
        "S08 cut in mid-answer",
        always=[role(), tokens(FIRST_WORDS), cut()],
        by=None,
        error=aiollm.StreamInterrupted,
        taken_up=True,
    ),
    Fault(
        "S09 stall",
        always=[role(), tokens(FIRST_WORDS), stall(5)],
        by=None,
        error=aiollm.IdleTimeout,
        taken_up=True,
    ),
    Fault(
        "S10 malformed chunk",
        always=[role(), tokens(FIRST_WORDS), bad_json(), tokens("and more"), finish()],
        by=None,
        error=aiollm.InvalidChunk,
        taken_up=True,
    ),
    Fault("S11 no [DONE]", always=[role(), tokens(ANSWER), finish(), usage(9, 60)], by="first"),
    Fault("S12 context exceeded", always=_refused("context_length_exceeded")),
    Fault("S13 content filter", always=_refused("content_filter"), by=None, error=aiollm.ContentPolicyViolationError),
    Fault(
        "S14 cut, and the second refuses a prefill",
        always=[role(), tokens(FIRST_WORDS), cut()],
        by=None,
        error=aiollm.StreamInterrupted,
        taken_up=True,
    ),
    Fault("S16 accounting of failed attempts", always=status(503), asked=(3, 3)),
]


@pytest.fixture
async def first() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.reply(ANSWER)
        yield server


@pytest.fixture
async def second() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        server.script(_no_prefill)
        yield server


def _no_prefill(request: LoggedRequest) -> Any:
    """Answer, and refuse to go on with the beginning of an answer."""
    if request.json["messages"][-1]["role"] == "assistant":
        return status(400, body=BAD_REQUEST)
    return reply(ANSWER)


def _fails(first: ProviderServer, fault: Fault) -> None:
    first.enqueue(*fault.once)
    if fault.always is not None:
        first.script(fault.always)


def _router(first: ProviderServer, second: ProviderServer, fault: Fault | None = None, **settings: Any) -> Router:
    """A router whose group "first" falls back to "second". What a filter refuses has nowhere else to go."""
    lists: dict[str, Any] = {"fallbacks": [{"first": ["second"]}], "timeout": CLOCK}
    if fault is not None and fault.name.startswith("S13"):
        lists["fallbacks"] = []
        lists["context_window_fallbacks"] = [{"first": ["second"]}]
    return Router(
        [
            {
                "model_name": group,
                "litellm_params": {"model": f"openai/{group}-model", "api_base": server.base_url, "api_key": "sk-x"},
            }
            for group, server in (("first", first), ("second", second))
        ],
        **lists | settings,
    )


async def _read(router: Router) -> tuple[aiollm.ChunkStream | None, str, Exception | None]:
    """What a caller gets: the stream, its text from the last restart on, and the error."""
    try:
        stream = await router.acompletion("first", MESSAGES, stream=True, stream_options={"include_usage": True})
    except aiollm.APIError as error:
        return None, "", error
    chunks, error = await collected(stream)
    restarts = [place for place, chunk in enumerate(chunks) if chunk.get("recovery")]
    return stream, text_of(chunks[restarts[-1] if restarts else 0 :]), error


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_a_fault_ends_by_default_in_an_answer_or_a_true_error(
    first: ProviderServer, second: ProviderServer, fault: Fault
) -> None:
    _fails(first, fault)
    stream, text, error = await _read(_router(first, second, fault))
    assert fault.asked[0] <= len(first.log) <= fault.asked[1]
    if fault.by is None:
        assert type(error) is fault.error
        assert not second.log
        if fault.taken_up:
            assert text == FIRST_WORDS
            assert error.partial.choices[0].message.content == FIRST_WORDS
        return
    assert (text, error) == (ANSWER, None)
    assert stream is not None
    assert stream.model == f"{fault.by}-model"
    assert stream.usage is not None
    *failed, last = stream.attempts
    assert [attempt.ended for attempt in failed] == ["failed"] * len(failed)
    assert [attempt.usage for attempt in failed] == [None] * len(failed)  # nothing is billed that did not answer
    assert (last.ended, last.model, last.usage) == ("complete", stream.model, stream.usage)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.taken_up], ids=lambda fault: fault.name)
async def test_an_answer_that_breaks_off_is_had_in_full_when_that_is_asked_for(
    first: ProviderServer, second: ProviderServer, fault: Fault
) -> None:
    """It is asked for again where it broke off, unless that fell silent, and then at the second."""
    _fails(first, fault)
    stream, text, error = await _read(_router(first, second, fault, mid_stream="restart"))
    assert (text, error) == (ANSWER, None)
    assert stream is not None
    again = [] if fault.error is aiollm.IdleTimeout else ["first-model"]
    assert [attempt.model for attempt in stream.attempts] == ["first-model", *again, "second-model"]
    assert {attempt.cause for attempt in stream.attempts[1:]} == {"restart"}
    assert [len(request.json["messages"]) for request in second.log] == [1]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.taken_up], ids=lambda fault: fault.name)
async def test_an_answer_that_cannot_be_gone_on_with_keeps_its_own_error(
    first: ProviderServer, second: ProviderServer, fault: Fault
) -> None:
    """No model here is known to go on with an answer, so none is asked to: no refusal hides what went wrong."""
    _fails(first, fault)
    _, text, error = await _read(_router(first, second, fault, mid_stream="continue"))
    assert text == FIRST_WORDS
    assert type(error) is fault.error
    assert any("not taken up again" in note for note in error.__notes__)


async def test_a_flapping_first_is_left_alone_and_found_again(first: ProviderServer, second: ProviderServer) -> None:
    """S15: down, then healthy. While it is left alone the second answers at once; then one call finds it healthy."""
    router = _router(first, second, cooldown_time=5, num_retries=0, allowed_fails=1)
    first.script(status(503))
    for _ in range(10):
        stream, text, error = await _read(router)
        assert (text, error) == (ANSWER, None)
        assert stream is not None
        assert stream.model == "second-model"
    assert len(first.log) <= 3  # not once a call
    first.reply(ANSWER)
    put_forward(6)
    answered = [(await _read(router))[0] for _ in range(3)]
    assert [stream.model for stream in answered if stream is not None] == ["first-model"] * 3
