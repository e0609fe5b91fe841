"""A call for embeddings: one request, or one for each text where a model takes no more."""

# What users do not see of an answer is told to the policies.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aiollm.dialects.table import embedder_of
from aiollm.engine.answer import WholeReply
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.engine.connect import ask_whole
from aiollm.exceptions import APIError
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.origin import Origin
from aiollm.types.usage import Usage
from aiollm.wire.http import ReplyHead

__all__ = ["embed", "one_by_one"]


async def embed(call: Call) -> WholeReply[EmbeddingResponse]:
    """Send a call for embeddings, and return the reply.

    Raises:
        APIError: whatever went wrong.

    Cancelling closes the connection.
    """
    response = await ask_whole(call, embedder_of(call.target.provider.dialect))
    origin = response._origin or Origin()
    return WholeReply(call, response, ReplyHead(200, response._response_headers), response.usage, origin)


async def one_by_one(call: Call, handler: Handler[WholeReply[EmbeddingResponse]]) -> WholeReply[EmbeddingResponse]:
    """Send the texts of a call one after the other where a model takes one a request, within the clocks of the call.

    Raises:
        APIError: whatever went wrong; its `partial` has the vectors of the texts before.
    """
    given = call.request.params["input"]
    if embedder_of(call.target.provider.dialect).takes_lists or isinstance(given, str):
        return await handler(call)
    answers: list[EmbeddingResponse] = []
    for item in given:
        request = msgspec.structs.replace(call.request, params={**call.request.params, "input": item})
        try:
            answers.append((await handler(msgspec.structs.replace(call, request=request))).response)
        except APIError as error:
            error.partial = _joined(answers) if answers else None
            raise
    whole = _joined(answers)
    return WholeReply(call, whole, ReplyHead(200, whole._response_headers), whole.usage, Origin())


def _joined(answers: Sequence[EmbeddingResponse]) -> EmbeddingResponse:
    """Return one response of the responses to single texts."""
    data = [answer.data[0].model_copy(update={"index": place}) for place, answer in enumerate(answers)]
    counts = [answer.usage.prompt_tokens for answer in answers if answer.usage is not None]
    usage = Usage(prompt_tokens=sum(counts), total_tokens=sum(counts)) if len(counts) == len(answers) else None
    return answers[-1].model_copy(update={"data": data, "usage": usage})
