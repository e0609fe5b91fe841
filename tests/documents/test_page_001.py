import pytest

from aiollm.testing import ProviderServer
from tests.documents.block import block


@pytest.fixture(autouse=True)
def answer(server: ProviderServer) -> None:
    server.reply("Fine, thanks!", usage={"prompt_tokens": 9, "completion_tokens": 3})


def test_streaming_responses(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    block("001", "Streaming responses").run()
    role, first, second, last = capsys.readouterr().out.splitlines()
    assert role.startswith("Delta(content='', role='assistant'")
    assert first.startswith("Delta(content='Fine,', role=None")
    assert second.startswith("Delta(content=' thanks!', role=None")
    assert last.startswith("Delta(content=None, role=None")
    assert server.log[0].member("stream") is True


def test_async_completion(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    response = block("001", "Async completion").run()["response"]
    assert response["choices"][0]["message"]["content"] == "Fine, thanks!"
    assert capsys.readouterr().out == f"{response}\n"
    assert "stream" not in server.log[0].json


def test_streaming_token_usage(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    last = block("001", "Streaming token usage").run()["chunk"]
    *_, finish, usage = capsys.readouterr().out.splitlines()
    assert usage == finish  # both deltas are empty: the usage chunk has no choice, and the loop does not crash on it
    assert len(last["choices"]) == 0
    assert last.usage.model_dump() == {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
    assert server.log[0].member("stream_options") == {"include_usage": True}
    assert server.log[0].headers["authorization"] == "Bearer none"
