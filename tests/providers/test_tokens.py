"""Counting tokens: with a vocabulary where there is one, else by the bytes, and never over the network."""

from __future__ import annotations

import base64
import copy
import hashlib
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from aiollm import NotFoundError, TokenCount, decode, encode, token_counter

CHAT = [{"role": "user", "content": "hello"}]


@pytest.fixture
def vocabulary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A vocabulary of single bytes under the name of OpenAI's, where tiktoken looks for it."""
    tiktoken = pytest.importorskip("tiktoken")
    lines = b"\n".join(base64.b64encode(bytes([byte])) + b" %d" % byte for byte in range(256))
    address = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
    (tmp_path / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()).write_bytes(lines)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))

    def get_encoding(name: str) -> Any:
        ranks = {bytes([byte]): byte for byte in range(256)}
        return tiktoken.Encoding(name, pat_str=r"(?s).", mergeable_ranks=ranks, special_tokens={})

    # The real one would compare the file's hash, and ask the network for another.
    monkeypatch.setattr(tiktoken, "get_encoding", get_encoding)
    return tmp_path


@pytest.fixture
def nothing_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "empty"))


def facts(count: TokenCount) -> tuple[int, bool, str | None]:
    return int(count), count.estimated, count.tokenizer


def test_a_text_is_counted_with_the_models_own_vocabulary(vocabulary: Path) -> None:
    assert facts(token_counter("gpt-4o", text="hello")) == (5, False, "o200k_base")
    assert facts(token_counter("azure/gpt-4o", text=["hello", "you"])) == (8, False, "o200k_base")


def test_a_chat_is_counted_with_what_frames_it(vocabulary: Path) -> None:
    assert token_counter("gpt-4o", messages=CHAT) == 3 + 4 + 5 + 3
    assert token_counter("gpt-4o", messages=CHAT, count_response_tokens=True) == 3 + 4 + 5
    assert token_counter("gpt-4o", messages=[{**CHAT[0], "name": "ann"}]) == 3 + 4 + 5 + 3 + 1 + 3
    assert not token_counter("gpt-4o", messages=CHAT).estimated


@pytest.mark.parametrize(
    ("part", "tokens"),
    [
        ({"type": "text", "text": "hello"}, 5),
        ({"type": "image_url", "image_url": {"url": "https://a", "detail": "low"}}, 85),
        ({"type": "image_url", "image_url": {"url": "https://a"}}, 765),
        ({"type": "input_audio", "input_audio": {"data": "AAAA"}}, 765),
    ],
)
def test_a_part_that_is_no_text_is_an_estimate(part: dict[str, Any], tokens: int, vocabulary: Path) -> None:
    count = token_counter("gpt-4o", messages=[{"role": "user", "content": [part]}])
    assert (int(count) - 10, count.estimated) == (tokens, part["type"] != "text")


def test_tools_and_their_calls_are_an_estimate(vocabulary: Path) -> None:
    called = {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}
    assert facts(token_counter("gpt-4o", messages=[called])) == (3 + 9 + 1 + 2 + 3, True, "o200k_base")
    assert facts(token_counter("gpt-4o", text="", tools=[{"type": "function"}])) == (19, True, "o200k_base")


def test_an_unknown_model_of_openais_is_an_estimate_with_the_newest_vocabulary(vocabulary: Path) -> None:
    assert facts(token_counter("gpt-99", text="hello")) == (5, True, "o200k_base")


def test_other_models_are_an_estimate(nothing_at_hand: None) -> None:
    assert facts(token_counter("claude-x", text="hello")) == (2, True, None)


@pytest.mark.parametrize("text", ["", "abcd", "abcde", "ü" * 4])
def test_without_a_vocabulary_four_bytes_are_a_token(text: str, nothing_at_hand: None) -> None:
    assert token_counter("gpt-4o", text=text) == -(-len(text.encode()) // 4)


def test_a_text_is_encoded_and_decoded(vocabulary: Path) -> None:
    assert encode("gpt-4o", "hi") == [104, 105]
    assert decode("gpt-4o", [104, 105]) == "hi"


def test_without_its_vocabulary_a_text_cannot_be_encoded(nothing_at_hand: None) -> None:
    pytest.importorskip("tiktoken")
    for ask in (lambda: encode("gpt-4o", "hi"), lambda: decode("gpt-4o", [1])):
        with pytest.raises(NotFoundError, match=r"o200k_base is not in .*empty.*get_encoding\('o200k_base'\)"):
            ask()


def test_without_tiktoken_tokens_are_estimated_and_nothing_is_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tiktoken.model", None)
    assert facts(token_counter("gpt-4o", text="hello")) == (2, True, None)
    with pytest.raises(NotFoundError, match=r"pip install 'aiollm\[tokens\]'"):
        encode("gpt-4o", "hi")


def test_a_count_is_a_number_and_survives_copies() -> None:
    count = TokenCount(7, True, None)
    assert count + 1 == 8
    for other in (pickle.loads(pickle.dumps(count)), copy.deepcopy(count)):
        assert (other, other.estimated, other.tokenizer) == (7, True, None)
