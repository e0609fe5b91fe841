"""Which tongue a request is answered in: its path says."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from aiollm.testing.log import LoggedRequest
from aiollm.testing.tongues.anthropic import AnthropicTongue
from aiollm.testing.tongues.cohere import CohereTongue
from aiollm.testing.tongues.converse import ConverseTongue
from aiollm.testing.tongues.framing import aws_chunk
from aiollm.testing.tongues.gemini import GeminiTongue
from aiollm.testing.tongues.ollama import OllamaTongue
from aiollm.testing.tongues.openai import OpenAITongue
from aiollm.testing.tongues.responses import ResponsesTongue
from aiollm.testing.tongues.tongue import Tongue

__all__ = ["tongue_for"]

_Choice = tuple[re.Pattern[str], Callable[[LoggedRequest, re.Match[str]], Tongue]]

_BY_PATH: tuple[_Choice, ...] = (
    (re.compile(r"/messages$"), lambda request, found: AnthropicTongue(request)),
    (re.compile(r"/responses$"), lambda request, found: ResponsesTongue(request)),
    (re.compile(r"/api/(chat|embed)$"), lambda request, found: OllamaTongue(request)),
    (re.compile(r"/v2/(chat|embed)$"), lambda request, found: CohereTongue(request)),
    (
        re.compile(r"/models/([^/]+):(?:(stream)?[gG]enerateContent|batchEmbedContents|predict)$"),
        lambda request, found: GeminiTongue(request, unquote(found[1]), streams=bool(found[2])),
    ),
    (
        re.compile(r"/models/([^/]+):(stream)?[rR]awPredict$"),  # Claude on Vertex
        lambda request, found: AnthropicTongue(request, model=unquote(found[1]), streams=bool(found[2])),
    ),
    (
        re.compile(r"/model/([^/]+)/converse(-stream)?$"),
        lambda request, found: ConverseTongue(request, unquote(found[1]), streams=bool(found[2])),
    ),
    (
        re.compile(r"/model/([^/]+)/invoke(-with-response-stream)?$"),  # Claude on Bedrock
        lambda request, found: AnthropicTongue(
            request, model=unquote(found[1]), streams=bool(found[2]), frame=aws_chunk
        ),
    ),
)


def tongue_for(request: LoggedRequest) -> Tongue:
    """Return what an answer to this request is spoken in; OpenAI's chat where the path says nothing else."""
    for pattern, make in _BY_PATH:
        if found := pattern.search(request.path):
            return make(request, found)
    return OpenAITongue(request)
