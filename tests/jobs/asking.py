"""How these tests ask: jobs against the scripted server."""

from __future__ import annotations

from typing import Any

import aiollm
from aiollm import APIError, Job, Result
from aiollm.testing import ProviderServer
from aiollm.types.usage import Usage

USAGE = {"prompt_tokens": 100, "completion_tokens": 50}
MODEL = "openai/gpt-4o-mini"
COST = (100 * 0.15 + 50 * 0.6) / 1e6


def job(server: ProviderServer, requests: Any, **options: Any) -> Job:
    """A job whose requests go to the server; each attempt is made once."""
    given = {"api_base": server.base_url, "api_key": "sk-test-000", "num_retries": 0} | options
    return aiollm.map(requests, MODEL, **given)


async def results(job: Job) -> list[Result]:
    """All results of a job."""
    return [result async for result in job]


def prompts(server: ProviderServer) -> list[str]:
    """The prompts that the server was asked, in order."""
    return [request.json["messages"][-1]["content"] for request in server.log]


def answer(index: int, **known: Any) -> Result:
    """An answer that came, made up."""
    known = {"started": 0.0, "elapsed": 1.0, "usage": Usage(**USAGE)} | known
    return Result(index=index, key=str(index), **known)


def failure(index: int, error: APIError) -> Result:
    """A request that failed, made up."""
    return Result(index=index, key=str(index), error=error, started=0.0, elapsed=1.0)
