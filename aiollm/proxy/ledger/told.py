"""Spend as LiteLLM's answers have it, for `/spend/logs` and the sums."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiollm.proxy.ledger.row import SpendRow, dollars
from aiollm.proxy.ledger.spend_scripts import Grouping, Total

__all__ = ["told_row", "told_total"]

_NAMES: dict[Grouping, str] = {
    "key": "api_key",
    "team": "team_id",
    "user": "user_id",
    "model": "model",
    "day": "date",
}


def told_row(row: SpendRow) -> dict[str, Any]:
    """Return a row under the names of LiteLLM's `SpendLogs`, and ours where it has none; money is in US dollars."""
    return {
        "request_id": row.id,
        "call_type": row.call,
        "api_key": row.key,
        "team_id": row.team,
        "user": row.user,
        "end_user": row.end_user,
        "model": row.served_model or row.model,
        "model_group": row.model,
        "model_id": row.deployment,
        "custom_llm_provider": row.provider,
        "status": "success" if row.status == "success" else "failure",
        "ending": row.status,
        "error_code": row.code,
        "spend": dollars(row.cost),
        "prompt_tokens": row.prompt_tokens,
        "completion_tokens": row.completion_tokens,
        "total_tokens": row.prompt_tokens + row.completion_tokens,
        "cached_tokens": row.cached_tokens,
        "usage_source": row.usage_source,
        "startTime": _date(row.started),
        "endTime": _date(row.ended),
        "completionStartTime": None if row.first_token is None else _date(row.started + row.first_token),
        "request_duration_ms": round((row.ended - row.started) * 1000),
        "attempts": row.attempts,
        "cache_hit": row.cached,
        "request_tags": list(row.tags),
        "metadata": dict(row.metadata),
    }


def told_total(total: Total, by: Grouping) -> dict[str, Any]:
    """Return a sum; money is in US dollars."""
    return {
        _NAMES[by]: total.name,
        "requests": total.requests,
        "failures": total.failures,
        "prompt_tokens": total.prompt_tokens,
        "completion_tokens": total.completion_tokens,
        "total_tokens": total.prompt_tokens + total.completion_tokens,
        "spend": dollars(total.cost),
    }


def _date(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds")
