"""The Responses API of a provider that speaks OpenAI's chat completions: its row with another path and another body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from aiollm.exceptions import BadRequestError
from aiollm.providers.provider import Provider, Target
from aiollm.providers.urls import beside_chat
from aiollm.types.shape import is_mapping

__all__ = ["chat_needs_responses", "responses_row"]

# Chat parameters that the Responses API has no word for.
_UNKNOWN = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "modalities",
        "n",
        "prediction",
        "presence_penalty",
        "seed",
        "stop",
    }
)

_PATH = "/responses"

# From gpt-5.4 on, chat completions refuse function tools while the model reasons, which it does unless told not to
# (verified in LiteLLM 1.109.1). Other servers with models of such names do not.
_REASONS_BY_DEFAULT = re.compile(r"(ft:)?gpt-(?!35)(5\.([4-9]|\d\d)|[6-9]|\d\d)")
_OPENAIS_HOSTS = (".openai.com", ".azure.com")


@lru_cache(maxsize=256)
def responses_row(row: Provider) -> Provider:
    """Return a provider's row as its Responses API has it.

    Raises:
        BadRequestError: the provider speaks a format of its own.
    """
    if row.dialect == "responses":
        return row
    if row.dialect != "openai" or row.serve:
        raise BadRequestError(
            f"{row.name} has no Responses API that this version could call",
            llm_provider=row.name,
            param="model",
            phase="request",
            hint="acompletion calls its chat",
        )
    return replace(
        row,
        dialect="responses",
        path=beside_chat(row.path, _PATH),
        path_elsewhere=beside_chat(row.path_elsewhere, _PATH) if row.path_elsewhere else None,
        stream_path=None,
        models={},
        renames={},
        unsupported=_UNKNOWN,
        developer_role="developer",
        quirks=(),
        takes_stream_options=True,
        asks_usage=False,
        prefill=None,
    )


def chat_needs_responses(target: Target, params: Mapping[str, Any]) -> bool:
    """Tell whether only the Responses API can answer a chat request with these parameters."""
    tools = params.get("tools")
    if not (tools and _REASONS_BY_DEFAULT.match(target.model) and _is_openais(target.endpoint.url)):
        return False
    effort = params.get("reasoning_effort")
    effort = effort.get("effort") if is_mapping(effort) else effort
    return effort != "none" and any(is_mapping(tool) and tool.get("type") == "function" for tool in tools)


def _is_openais(url: str) -> bool:
    return (urlsplit(url).hostname or "").endswith(_OPENAIS_HOSTS)
