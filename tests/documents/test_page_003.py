import hashlib
import os
import re
import tempfile
import time
from pathlib import Path

import pytest

from aiollm.testing import (
    ProviderServer,
    Steps,
    cut,
    error_event,
    finish,
    headers,
    role,
    stall,
    status,
    tokens,
)
from tests.documents.block import block

PROMPTLY = 0.1  # seconds from leaving the loop to the end of the connection
VOCABULARY = "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken"


@pytest.mark.parametrize("name", ["Basic usage", "Different providers"])
def test_text_is_printed_as_it_comes(name: str, server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply("Once upon a time")
    block("003", name).run()
    assert capsys.readouterr().out == "Once upon a time"
    assert server.log[0].member("model") == "gpt-4"
    assert server.log[0].member("stream") is True


def test_basic_streaming(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply("1 2 3")
    block("003", "Basic streaming").run()
    assert capsys.readouterr().out == "1 2 3\n"


def test_usage(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply("It thinks.", usage={"prompt_tokens": 9, "completion_tokens": 3})
    block("003", "Usage").run()
    assert capsys.readouterr().out == "It thinks.\n\nTokens used: 12\n"
    assert server.log[0].member("stream_options") == {"include_usage": True}


def test_building_the_complete_response(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply("Hello there")
    block("003", "Building the complete response").run()
    assert capsys.readouterr().out == "Hello there\n\nComplete response: Hello there\n"


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter", "tool_calls"])
def test_finish_reasons(reason: str, server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply("Quanta are", finish_reason=reason)
    block("003", "Finish reasons").run()
    assert capsys.readouterr().out == f"Quanta are\n\nFinished: {reason}\n"
    assert server.log[0].member("max_tokens") == 100


@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("groq/llama-3.3-70b-versatile", "GROQ_API"),
        ("deepseek/deepseek-chat", "DEEPSEEK_API"),
        ("xai/grok-4", "XAI_API"),
        ("openrouter/meta-llama/llama-3.3-70b-instruct", "OPENROUTER_API"),
    ],
)
def test_another_provider_takes_another_model_string_only(
    model: str,
    variable: str,
    server: ProviderServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(f"{variable}_KEY", "theirs")
    monkeypatch.setenv(f"{variable}_BASE", server.base_url)
    server.reply("Knock, knock.")
    block("003", "Different providers").replace("gpt-4", model).run()
    assert capsys.readouterr().out == "Knock, knock."
    assert server.log[0].headers["authorization"] == "Bearer theirs"
    assert server.log[0].member("model") == model.partition("/")[2]


def test_function_calls(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply(None, tool_calls=[{"name": "get_weather", "arguments": {"location": "Paris"}}])
    names = block("003", "Function calls").run()
    assert capsys.readouterr().out == "Function: get_weather\nArguments: {'location': 'Paris'}\n"
    assert server.log[0].member("tools") == names["tools"]
    assert server.log[0].events_written > 4  # the arguments came in pieces


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        ([role(), tokens("Hello there"), stall(heartbeat=0.1)], "Hello thereRequest timed out during streaming\n"),
        ([headers(), stall(heartbeat=0.1)], "Request timed out during streaming\n"),
        (status(500), "API error occurred: .*Internal Server Error.*\n"),
        (status(429), "API error occurred: .*Too Many Requests.*\n"),
        ([role(), tokens("Hello there"), error_event("broken")], "Hello thereAPI error occurred: .*broken.*\n"),
        ([role(), tokens("Hello there"), cut()], "Hello thereAPI error occurred: .*\n"),
        ([role(), tokens("Hello there"), finish()], "Hello there"),
    ],
    ids=["stall", "stall at once", "500", "429", "error in the stream", "cut", "right answer"],
)
def test_error_handling(
    script: Steps, printed: str, server: ProviderServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.script(script)
    block("003", "Error handling").run()
    assert re.fullmatch(printed, capsys.readouterr().out)


def test_custom_processing(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply("Roses are red")
    block("003", "Custom processing").run()
    pattern = r"Roses are red\n\nReceived 5 chunks in \d+\.\d\ds\nTotal content length: 13 characters\n"
    assert re.fullmatch(pattern, capsys.readouterr().out)


def test_token_counting(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tiktoken")
    if not vocabulary().exists():
        pytest.skip("tiktoken would have to download its vocabulary")
    server.reply("Machines learn from examples")
    block("003", "Token counting").run()
    pattern = r"Machines learn from examples\n\nGenerated approximately [45] tokens\n"
    assert re.fullmatch(pattern, capsys.readouterr().out)


def vocabulary() -> Path:
    """Return where tiktoken keeps GPT-4's vocabulary once it has it."""
    chosen = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    folder = Path(chosen) if chosen else Path(tempfile.gettempdir()) / "data-gym-cache"
    return folder / hashlib.sha1(VOCABULARY.encode()).hexdigest()


def test_cancelling_a_stream(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.script([role(), tokens("a b c d e f g h i j k l m n"), stall()])
    waits = [seconds_to_the_end(server, index) for index in range(3)]
    assert capsys.readouterr().out == "a b c d e f g h i\n\nStopping early...\n" * 3
    assert min(waits) < PROMPTLY  # the machine may be busy with something else now and then


def seconds_to_the_end(server: ProviderServer, index: int) -> float:
    names = block("003", "Cancelling a stream").run()
    left = time.monotonic()
    request = server.run(server.wait_for_disconnect(index))
    assert request.disconnected_by == "client"
    assert request.disconnected_at is not None
    assert names["response"].closed  # and still held by its variable
    return request.disconnected_at - left
