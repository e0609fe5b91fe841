"""The Responses API of a provider that speaks OpenAI's chat completions: its row with another path and another body."""

from __future__ import annotations

from functools import lru_cache

from attrs import evolve

from aiollm.exceptions import BadRequestError
from aiollm.providers.provider import Provider

__all__ = ["responses_row"]

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

_CHAT = "/chat/completions"


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
    return evolve(
        row,
        dialect="responses",
        path=_beside(row.path),
        path_elsewhere=_beside(row.path_elsewhere) if row.path_elsewhere else None,
        renames={},
        unsupported=_UNKNOWN,
        developer_role="developer",
        quirks=(),
        takes_stream_options=False,
        asks_usage=False,
    )


def _beside(path: str) -> str:
    """Return the path of the Responses API beside that of the chat."""
    lead, _, _ = path.rpartition(_CHAT)
    return f"{lead}/responses"
