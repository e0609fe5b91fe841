"""A call for embeddings: one request, or one for each text where a model takes no more."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aiollm.dialects.embedders import EMBEDDERS
from aiollm.engine.call import Call
from aiollm.engine.connect import ask_whole
from aiollm.exceptions import APIError
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.usage import Usage

__all__ = ["embed"]


async def embed(call: Call) -> EmbeddingResponse:
    """Send a call for embeddings, and return all of them.

    Where a model takes one text a request, the texts are sent one after the other, within the clocks of the one call.

    Raises:
        APIError: whatever went wrong; its `partial` has the vectors of the texts before.

    Cancelling closes the connection.
    """
    embedder = EMBEDDERS[call.target.provider.dialect]
    given = call.request.params["input"]
    if embedder.takes_lists or isinstance(given, str):
        return await ask_whole(call, embedder)
    answers: list[EmbeddingResponse] = []
    for item in given:
        request = msgspec.structs.replace(call.request, params={**call.request.params, "input": item})
        try:
            answers.append(await ask_whole(msgspec.structs.replace(call, request=request), embedder))
        except APIError as error:
            error.partial = _joined(answers) if answers else None
            raise
    return _joined(answers)


def _joined(answers: Sequence[EmbeddingResponse]) -> EmbeddingResponse:
    """Return one response of the responses to single texts."""
    data = [answer.data[0].model_copy(update={"index": place}) for place, answer in enumerate(answers)]
    counts = [answer.usage.prompt_tokens for answer in answers if answer.usage is not None]
    usage = Usage(prompt_tokens=sum(counts), total_tokens=sum(counts)) if len(counts) == len(answers) else None
    return answers[-1].model_copy(update={"data": data, "usage": usage})
