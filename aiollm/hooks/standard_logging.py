"""The facts of an ended call under LiteLLM's names for its loggers, `kwargs["standard_logging_object"]`.

Source of the names: https://docs.litellm.ai/docs/proxy/logging_spec. What only LiteLLM's proxy knows is left out.
"""

from __future__ import annotations

from typing import Any

from aiollm.exceptions import APIError
from aiollm.hooks.events import CallEnded

__all__ = ["standard_logging_object"]


def standard_logging_object(
    event: CallEnded, kind: str, messages: Any, response: Any, error: BaseException | None
) -> dict[str, Any]:
    """Return the facts. Tokens that the provider did not count are 0, as there.

    Args:
        event: the end of the call.
        kind: LiteLLM's name of the function that was called.
        messages: what was asked.
        response: the answer, or what there is of it.
        error: what the call ended with, if it has not succeeded.
    """
    call, usage = event.call, event.usage
    return {
        "id": getattr(response, "id", None) or call.id,
        "trace_id": call.id,
        "call_type": kind,
        "stream": call.stream,
        "status": "failure" if error else "success",
        "response_cost": event.cost,
        "total_tokens": usage.total_tokens if usage else 0,
        "prompt_tokens": usage.prompt_tokens if usage else 0,
        "completion_tokens": usage.completion_tokens if usage else 0,
        "startTime": call.started_at,
        "endTime": call.started_at + event.elapsed,
        "completionStartTime": call.started_at + (event.elapsed if event.first_token is None else event.first_token),
        "response_time": event.elapsed,
        "model": event.model,
        "model_id": None,
        "model_group": call.model,
        "custom_llm_provider": event.provider,
        "api_base": call.url,
        "metadata": dict(call.metadata),
        "cache_hit": event.cache_hit,
        "cache_key": None,
        "saved_cache_cost": 0.0,
        "request_tags": list(call.metadata.get("tags") or ()),
        "end_user": call.params.get("user"),
        "messages": messages,
        "response": response,
        "model_parameters": dict(call.params),
        "error_str": str(error) if error else None,
        "error_information": _of_error(error, event.provider) if error else None,
    }


def _of_error(error: BaseException, provider: str) -> dict[str, Any]:
    status = error.status_code if isinstance(error, APIError) else None
    return {
        "error_code": "" if status is None else str(status),
        "error_class": type(error).__name__,
        "llm_provider": provider,
        "error_message": str(error),
    }
