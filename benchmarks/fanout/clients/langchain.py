"""langchain's `abatch_as_completed`."""

from typing import Any

from langchain_openai import ChatOpenAI  # type: ignore[import-not-found]

from benchmarks.clients import API_KEY, MODEL
from benchmarks.fanout.cases import Case
from benchmarks.fanout.clients import prompts


async def ask(contender: str, base_url: str, case: Case) -> int:
    model = ChatOpenAI(model=MODEL, base_url=base_url, api_key=API_KEY, max_retries=0)
    config: Any = {"max_concurrency": case.at_a_time}
    count = 0
    async for _, message in model.abatch_as_completed(prompts(case), config=config):
        count += bool(message.content)
    return count
