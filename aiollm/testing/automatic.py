"""What a server without a script answers: something right for each request it knows, and a clear 404 for the rest."""

from __future__ import annotations

from aiollm.testing.embedding_steps import embeddings
from aiollm.testing.head_steps import status
from aiollm.testing.log import LoggedRequest
from aiollm.testing.openai_reply import TEXT, reply
from aiollm.testing.openai_steps import CREATED
from aiollm.testing.step import Step
from aiollm.testing.tongues.embeddings import embedding_format


def automatic_answer(request: LoggedRequest) -> Step:
    """The step that answers a request for which nothing was scripted."""
    if request.method == "GET" and request.path.endswith("/models"):
        model = {"id": "scripted", "object": "model", "created": CREATED, "owned_by": "aiollm"}
        return status(200, body={"object": "list", "data": [model]})
    if request.method == "POST" and _asks_for_text(request):
        return reply(TEXT)
    if request.method == "POST" and embedding_format(request) is not None:
        return embeddings()
    message = f"the scripted provider has no answer for {request.method} {request.path}: give it one with script()"
    return status(404, body={"error": {"message": message, "type": "not_found_error", "param": None, "code": None}})


def _asks_for_text(request: LoggedRequest) -> bool:
    """Tell by what the wire formats call a conversation; a Responses request may have a mere text."""
    conversation = request.member("messages") or request.member("contents")
    return isinstance(conversation, list) or (request.path.endswith("/responses") and bool(request.member("input")))
