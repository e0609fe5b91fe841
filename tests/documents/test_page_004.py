import re
from itertools import accumulate

import pytest

from aiollm.testing import (
    Exchange,
    LoggedRequest,
    ProviderServer,
    Step,
    reply,
    stall,
    status,
)
from tests.documents.block import block


def echo(request: LoggedRequest) -> Step:
    return reply(f"About {request.json['messages'][-1]['content']}")


def together(server: ProviderServer, count: int) -> Step:
    """Answer nobody before `count` requests are there, so that calls made one after another wait for ever."""

    async def run(_: Exchange) -> None:
        await server.wait_for(lambda: len(server.log) >= count)

    return Step(f"wait for {count} requests", run)


def test_basic_async_usage(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.script(echo)
    block("004", "Basic async usage").run()
    assert capsys.readouterr().out == "About Hello!\n"
    assert [message["role"] for message in server.log[0].json["messages"]] == ["system", "user"]
    assert server.log[0].member("model") == "gpt-3.5-turbo"


def test_async_with_streaming(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply("A snake in the grass")
    block("004", "Async with streaming").run()
    assert capsys.readouterr().out == "A snake in the grass\n"
    assert server.log[0].member("stream") is True


def test_concurrent_requests(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.script(lambda request: [together(server, 3), echo(request)])
    block("004", "Concurrent requests").run()
    questions = ("What is Python?", "What is Rust?", "What is async programming?")
    assert capsys.readouterr().out == "".join(f"Q: {asked}\nA: About {asked}\n\n" for asked in questions)
    assert [request.member("max_tokens") for request in server.log] == [100] * 3


def test_complete_example(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.script(echo)
    block("004", "Complete example").run()
    asked = ("Hello! What can you help me with?", "Tell me about async programming in Python.", "Thanks!")
    assert capsys.readouterr().out == "".join(f"User: {text}\n\nAssistant: About {text}\n\n" for text in asked)
    last = server.log[2].json
    assert [message["content"] for message in last["messages"][1:]] == [
        asked[0], f"About {asked[0]}", asked[1], f"About {asked[1]}", asked[2],
    ]  # fmt: skip
    assert (last["temperature"], last["max_tokens"], last["stream"]) == (0.7, 500, True)


def test_gather(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.script(lambda request: [together(server, 3), echo(request)])
    block("004", "Gather").run()
    assert capsys.readouterr().out == f"{['About One', 'About Two', 'About Three'] * 2}\n"
    assert len(server.log) == 6


def test_handling_errors(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.enqueue(*[status(500, retry_after=0.01)] * 3)
    server.script(echo)
    assert block("004", "Errors").run()["answer"] is None
    assert re.fullmatch("Error during completion: .*Internal Server Error.*\n", capsys.readouterr().out)
    answer = block("004", "Errors").run()["answer"]
    assert answer["choices"][0]["message"]["content"] == "About Hello!"


def test_streaming_for_long_responses(server: ProviderServer) -> None:
    server.script(echo)
    names = block("004", "Streaming for long responses").run()
    assert names["response"]["choices"][0]["message"]["content"] == "About Hello!"
    assert [request.member("stream", False) for request in server.log] == [True, False]


def test_semaphore(server: ProviderServer) -> None:
    server.script([together(server, 5), stall(0.02), reply("An answer")])
    block("004", "Semaphore").run()
    server.run(server.wait_for(lambda: all(request.finished_at is not None for request in server.log)))
    moments = [(request.received_at, 1) for request in server.log]
    moments += [(request.finished_at or 0.0, -1) for request in server.log]
    assert len(server.log) == 12
    assert max(accumulate(change for _, change in sorted(moments))) == 5


def test_synchronous(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.script(echo)
    block("004", "Synchronous").run()
    assert capsys.readouterr().out == "".join(f"About Question {number}\n" for number in range(10))


def test_asynchronous(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.script(lambda request: [together(server, 10), echo(request)])
    block("004", "Asynchronous").run()
    assert capsys.readouterr().out == "".join(f"About Question {number}\n" for number in range(10))
