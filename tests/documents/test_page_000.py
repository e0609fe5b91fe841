import pytest

from aiollm import ModelResponse
from aiollm.testing import ProviderServer
from tests.documents.block import block

ASKED = {"model": "gpt-3.5-turbo", "messages": [{"role": "user", "content": "Hey, how's it going?"}], "stream": True}


@pytest.fixture(autouse=True)
def answer(server: ProviderServer) -> None:
    server.reply("Fine, thanks!")


def test_streaming_responses(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    block("000", "Streaming responses").run()
    assert capsys.readouterr().out == "\nFine,\n thanks!\n\n"
    assert [request.json for request in server.log] == [ASKED]


def test_helper_function(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    names = block("000", "Helper function").run()
    printed = capsys.readouterr().out
    assert printed.startswith("ModelResponse(")
    assert "content='Fine, thanks!'" in printed
    assert len(names["chunks"]) == 4
    assert [request.json for request in server.log] == [ASKED]


def test_async_completion(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    response = block("000", "Async completion").run()["response"]
    assert isinstance(response, ModelResponse)
    assert response.choices[0].message.content == "Fine, thanks!"
    assert capsys.readouterr().out == f"{response}\n"
    assert server.log[0].json == {
        "model": "gpt-3.5-turbo",
        "messages": [{"content": "Hello, how are you?", "role": "user"}],
    }


def test_async_streaming(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    block("000", "Async streaming").run()
    title, stream, *chunks = capsys.readouterr().out.splitlines()
    assert title == "test acompletion + streaming"
    assert stream.startswith("response: <ChunkStream openai/gpt-3.5-turbo ")
    assert [chunk.partition("(")[0] for chunk in chunks] == ["ModelResponseStream"] * 4
    assert "content='Fine,'" in chunks[1]
    assert "finish_reason='stop'" in chunks[3]
    assert server.log[0].member("stream") is True
