"""How many tokens a text or a chat is, under LiteLLM's names: counted where that can be, else estimated."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol, Self

import msgspec

from aiollm.exceptions import NotFoundError
from aiollm.pricing.estimate import BYTES_PER_TOKEN, text_bytes
from aiollm.providers.registry import PROCESS_ENVIRONMENT
from aiollm.types.shape import JSON

__all__ = ["TokenCount", "decode", "encode", "token_counter"]

# How OpenAI's chats are framed, and what an image is: verified in OpenAI's cookbook and in LiteLLM 1.110.2.
_PER_MESSAGE = 3
_PER_NAME = 1
_BEFORE_THE_ANSWER = 3
_SMALL_IMAGE = 85
_LARGE_IMAGE = 765  # 1024 x 1024 points; other media are taken for as much

_OTHERS = "cl100k_base"
"""The vocabulary that stands in for those of other vendors, as in LiteLLM."""
_NEWEST = "o200k_base"
_WHERE = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"


class TokenCount(int):
    """A number of tokens, and whether to trust it.

    Attributes:
        estimated: whether it is about right only: the vocabulary is another model's, or there is none at all, or there
            is more than text in the chat.
        tokenizer: the vocabulary's name; None where four bytes were taken for a token.
    """

    estimated: bool
    tokenizer: str | None

    def __new__(cls, tokens: int, estimated: bool, tokenizer: str | None) -> Self:
        count = super().__new__(cls, tokens)
        count.estimated, count.tokenizer = estimated, tokenizer
        return count

    def __reduce__(self) -> tuple[Any, ...]:
        return TokenCount, (int(self), self.estimated, self.tokenizer)


class _Tokenizer(Protocol):
    def encode_ordinary(self, text: str, /) -> list[int]: ...
    def decode(self, tokens: Sequence[int], /) -> str: ...


def token_counter(
    model: str = "",
    *,
    text: str | Sequence[str] | None = None,
    messages: Iterable[Mapping[str, Any]] | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    count_response_tokens: bool = False,
) -> TokenCount:
    """Return how many tokens texts or a chat are. It never asks the network.

    OpenAI's models are counted with tiktoken (extra `tokens`), where it is installed and has its vocabulary on this
    machine; those of others with a vocabulary of OpenAI's; and without either, four bytes are taken for a token.
    `estimated` of the result tells these apart.

    Args:
        model: "provider/model", or a bare name.
        text: a text, or several.
        messages: chat messages in OpenAI's shape, counted with what frames them. Images are taken for 85 tokens in low
            detail, else for 765, as are other media.
        tools: tools in OpenAI's shape; how the provider shows them to its model is not known, so they are an estimate.
        count_response_tokens: whether the messages are an answer, which nothing follows.
    """
    name, own = _vocabulary_of(model)
    tokenizer = _tokenizer(name) if name else None
    tally = _Tally(tokenizer)
    for part in [text] if isinstance(text, str) else text or ():
        tally.read(part)
    if messages is not None:
        for message in messages:
            tally.read_message(message)
        tally.tokens += 0 if count_response_tokens else _BEFORE_THE_ANSWER
    for tool in tools or ():
        tally.read_as_json(tool)
    return TokenCount(tally.tokens, tokenizer is None or not own or tally.guessed, name if tokenizer else None)


def encode(model: str = "", text: str = "") -> list[int]:
    """Return the tokens of a text.

    Args:
        model: "provider/model", or a bare name; other vendors' models are encoded with a vocabulary of OpenAI's.
        text: the text; what looks like a special token in it is text.

    Raises:
        NotFoundError: tiktoken or its vocabulary is not on this machine.
    """
    return _tokenizer_or_raise(model).encode_ordinary(text)


def decode(model: str = "", tokens: Sequence[int] = ()) -> str:
    """Return the text of tokens that `encode` gave for the same model.

    Raises:
        NotFoundError: tiktoken or its vocabulary is not on this machine.
    """
    return _tokenizer_or_raise(model).decode(tokens)


class _Tally:
    """Counts texts, and notes whether there was something that could only be guessed."""

    def __init__(self, tokenizer: _Tokenizer | None) -> None:
        self._tokenizer = tokenizer
        self.tokens = 0
        self.guessed = False

    def read(self, text: str) -> None:
        if self._tokenizer is not None:
            self.tokens += len(self._tokenizer.encode_ordinary(text))
        else:
            self.tokens += math.ceil(text_bytes(text) / BYTES_PER_TOKEN)

    def read_as_json(self, value: Any) -> None:
        self.guessed = True
        self.read(msgspec.json.encode(value).decode())

    def read_message(self, message: Mapping[str, Any]) -> None:
        self.tokens += _PER_MESSAGE
        for name, value in message.items():
            if isinstance(value, str):
                self.read(value)
                self.tokens += _PER_NAME if name == "name" else 0
            elif name == "content":
                self._read_parts(value)
            elif name == "tool_calls":
                for call in value or ():
                    self._read_call(call.get("function") or {})

    def _read_parts(self, parts: Sequence[Any] | None) -> None:
        if isinstance(parts, Sequence):
            for part in parts:
                self._read_part(part)

    def _read_part(self, part: Mapping[str, Any]) -> None:
        text = part.get("text")
        if isinstance(text, str):
            self.read(text)
            return
        image: JSON = part.get("image_url")
        small = isinstance(image, Mapping) and image.get("detail") == "low"
        self.tokens += _SMALL_IMAGE if small else _LARGE_IMAGE
        self.guessed = True

    def _read_call(self, function: Mapping[str, Any]) -> None:
        self.guessed = True
        for name in ("name", "arguments"):
            if isinstance(function.get(name), str):
                self.read(function[name])


def _vocabulary_of(model: str) -> tuple[str | None, bool]:
    """Return the name of the vocabulary to count a model's tokens with, and whether it is the model's own."""
    try:
        from tiktoken.model import encoding_name_for_model
    except ImportError:
        return None, False
    name = model.rpartition("/")[2]
    try:
        return encoding_name_for_model(name), True
    except KeyError:
        return _NEWEST if name.startswith(("gpt-", "chatgpt-", "ft:gpt-")) else _OTHERS, False


def _tokenizer(name: str) -> _Tokenizer | None:
    """Return the tokenizer of a vocabulary, or None where it is not on this machine: tiktoken would fetch it."""
    folder = _vocabularies()
    known_as = _WHERE.format(_NEWEST if name == "o200k_harmony" else name)
    # Where tiktoken keeps them; a file is named by the hash of its address. Verified in tiktoken 0.14.0.
    file = folder / hashlib.sha1(known_as.encode(), usedforsecurity=False).hexdigest()
    return _loaded(name, folder) if file.is_file() else None


def _vocabularies() -> Path:
    import tempfile

    named = PROCESS_ENVIRONMENT.first(("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"))
    return Path(named[1]) if named else Path(tempfile.gettempdir()) / "data-gym-cache"


@cache
def _loaded(name: str, _folder: Path) -> _Tokenizer:
    import tiktoken

    tokenizer: _Tokenizer = tiktoken.get_encoding(name)
    return tokenizer


def _tokenizer_or_raise(model: str) -> _Tokenizer:
    name, _ = _vocabulary_of(model)
    if name is None:
        raise NotFoundError("tokens are encoded by tiktoken, which is not installed: pip install 'aiollm[tokens]'")
    tokenizer = _tokenizer(name)
    if tokenizer is None:
        raise NotFoundError(
            f"tiktoken's vocabulary {name} is not in {_vocabularies()}: fetch it with "
            f"python -c \"import tiktoken; tiktoken.get_encoding('{name}')\", or point TIKTOKEN_CACHE_DIR to a copy"
        )
    return tokenizer
