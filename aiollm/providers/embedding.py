"""The embeddings of a provider: its row with another path and another body."""

from __future__ import annotations

from functools import lru_cache

from msgspec.structs import replace

from aiollm.exceptions import BadRequestError
from aiollm.providers.model_rules import Placement
from aiollm.providers.provider import Provider
from aiollm.providers.urls import OPENAI_PATHS, beside_chat

__all__ = ["embedding_place", "embedding_row"]

_CHAT, _RESPONSES, _PATH = OPENAI_PATHS


@lru_cache(maxsize=256)
def embedding_row(row: Provider) -> Provider:
    """Return a provider's row as its embeddings have it.

    Raises:
        BadRequestError: the provider, or the model that the row is for, has none.
    """
    compatible = row.dialect == "openai" and row.serve is None and _is_chat(row.path)
    if row.embedding is None and not compatible:
        raise BadRequestError(
            f"{row.name} has no embeddings of this model that this version could ask for",
            llm_provider=row.name,
            param="model",
            phase="request",
            hint="name a model that embeds, of a provider that has some, such as openai/text-embedding-3-small",
        )
    return replace(
        row,
        dialect=row.embedding or "openai",
        path=row.embedding_path or beside_chat(row.path, _PATH),
        path_elsewhere=beside_chat(row.path_elsewhere, _PATH) if row.path_elsewhere else None,
        stream_path=None,
        models={},
        renames={},
        unsupported=frozenset(),
        developer_role="developer",
        quirks=(),
        takes_stream_options=False,
        asks_usage=False,
    )


def embedding_place(place: Placement) -> Placement:
    """Return what a model's name came to, with the path of the embeddings where the chat has a path of its own."""
    path = beside_chat(place.path, _PATH) if place.path and _is_chat(place.path) else None
    return place._replace(path=path, stream_path=None, quirks=())


def _is_chat(path: str) -> bool:
    return path.rstrip("/").endswith(_CHAT)
