"""`aiollm.map`."""

import aiollm
from benchmarks.clients import API_KEY, MODEL
from benchmarks.fanout.cases import Case
from benchmarks.fanout.clients import prompts

TIMEOUTS = aiollm.Timeouts(connect=600, total=600)
"""The default leaves 10 s to connect, which 500 requests at once may exceed on a busy machine."""


async def ask(contender: str, base_url: str, case: Case) -> int:
    count = 0
    async for result in aiollm.map(
        prompts(case),
        f"openai/{MODEL}",
        base_url=base_url,
        api_key=API_KEY,
        num_retries=0,
        timeout=TIMEOUTS,
        concurrency=case.at_a_time,
        stream=case.stream,
        progress=False,
    ):
        if case.stream:
            count += result.usage.completion_tokens if result.usage else 0
        else:
            count += bool(result.text)
    return count
