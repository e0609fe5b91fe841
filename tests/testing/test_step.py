from __future__ import annotations

import re
from typing import Any

import pytest

from aiollm.testing import (
    Exchange,
    ProviderServer,
    ScriptError,
    Step,
    bomb,
    bytewise,
    comment,
    content_length,
    cut,
    cut_at,
    done,
    drip,
    event,
    fin,
    giant,
    gzip,
    headers,
    http10,
    informational,
    interleaved,
    multiline,
    raw,
    redirect,
    reply,
    role,
    rst,
    split,
    stall,
    status,
    tokens,
    tool_call,
    tool_deltas,
    wire,
)
from aiollm.testing.ending_steps import close_after_response, close_on_next_request
from aiollm.testing.event_steps import bad_json
from aiollm.testing.step import checked_steps
from tests.testing.raw_client import answer_to


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], "the script is empty"),
        ("hello", "a script is a list of steps, not 'hello': write [tokens('hello')]"),
        (7, "a script is a list of steps, not 7"),
        (["hello"], "step 0 is not a step but 'hello'; write tokens(...)"),
        ([b"hello"], "step 0 is not a step but b'hello'; write raw(...)"),
        ([role(), done], "call it: done(...)"),
        ([{"choices": []}], "use the functions of aiollm.testing"),
        ([cut(), tokens("a")], "step 1, tokens('a'), can never run: cut() ended the answer"),
        ([rst(), fin()], "step 1, fin(), can never run: rst() ended the answer"),
        ([tokens("a"), status(429)], "step 1, status(429), comes too late: tokens('a') already sent the head"),
        ([stall(1, heartbeat=0.5), headers()], "already sent the head; move it up"),
        ([bytewise(tokens("a")), http10()], "already sent the head; move it up"),
        ([tokens("a"), bytewise(headers(), tokens("b"))], "already sent the head; move it up"),
        ([bytewise(rst()), tokens("a")], "can never run"),
    ],
)
def test_a_script_that_cannot_work_says_where_and_why(steps: Any, said: str) -> None:
    with pytest.raises(ScriptError, match=re.escape(said)):
        checked_steps(steps)


def test_settings_of_the_connection_may_stand_anywhere() -> None:
    checked_steps([status(200), close_after_response(), close_on_next_request()])
    checked_steps([close_on_next_request(), tokens("a"), fin()])


@pytest.mark.parametrize(
    "make",
    [
        lambda: tokens("a", gap=-1),
        lambda: tokens(""),
        lambda: tokens([1]),  # type: ignore[list-item]
        lambda: stall(-1),
        lambda: stall(1, heartbeat=0),
        lambda: status(99),
        lambda: status(600),
        lambda: status(200, fields={"X": "a\r\nb"}),
        lambda: headers({"X": 1}),  # type: ignore[dict-item]
        lambda: headers(status=1),
        lambda: headers(length=-1),
        lambda: informational(200),
        lambda: redirect("http://x", 200),
        lambda: content_length(cut()),
        bytewise,
        lambda: bytewise(tokens("a"), gap=-1),
        lambda: split(0, tokens("a")),
        lambda: cut_at([0], tokens("a")),
        lambda: drip(0, tokens("a")),
        lambda: bomb(0),
        lambda: giant(0),
        lambda: comment("a\nb"),
        lambda: event("a", event="x\ny"),
        lambda: raw("text"),  # type: ignore[arg-type]
        lambda: wire("text"),  # type: ignore[arg-type]
        lambda: multiline("one"),
        lambda: bad_json("{}"),
        lambda: interleaved(["one"]),
        lambda: interleaved("ab"),
        lambda: tool_call("f", "{}", pieces=0),
        lambda: tool_deltas("standart"),
        lambda: reply(tool_calls=[{"nam": "f"}]),
        lambda: reply(tool_calls=[{"name": "f", "args": {}}]),
        lambda: close_after_response(-1),
        lambda: close_on_next_request("now"),  # type: ignore[arg-type]
        lambda: ProviderServer(limit=0),
    ],
)
def test_a_wrong_argument_is_an_error_when_the_step_is_made(make: Any) -> None:
    with pytest.raises(ScriptError):
        make()


def test_an_unknown_shape_names_near_ones() -> None:
    with pytest.raises(ScriptError, match=re.escape("no shape 'standart'; did you mean one of standard?")):
        tool_deltas("standart")


def test_a_step_is_named_as_it_is_written() -> None:
    assert repr(tokens("a b", gap=0.1)) == "tokens('a b', gap=0.1)"
    assert repr(split(3, gzip(tokens("a")))) == "split(3, gzip(tokens('a')))"
    assert len(repr(raw(b"x" * 1000))) < 80


async def test_a_step_of_ones_own_works_like_the_others() -> None:
    async def run(exchange: Exchange) -> None:
        await exchange.event(b"data: mine\n\n")

    answer = await answer_to(Step("mine()", run, sends=True))
    assert answer.events == ["mine"]
