"""One case in a process of its own: ``python -m benchmarks.limits.load CASE SECONDS`` prints its figures as JSON."""

import asyncio
import json
import sys
import time
from collections import Counter
from typing import Any

import aiollm
from aiollm.testing import ProviderServer
from benchmarks.limits.cases import CASES, CONCURRENCY, TENANTS
from benchmarks.limits.hidden import Provider

MESSAGES = [{"role": "user", "content": "Say something."}]


class Load:
    """Tenants that call as fast as they may."""

    def __init__(self, client: aiollm.Client, base_url: str, seconds: float) -> None:
        self._client = client
        self._base_url = base_url
        self._end = time.monotonic() + seconds
        self.answered: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.longest = dict.fromkeys(TENANTS, 0.0)

    async def run(self) -> None:
        """Call until the time is over."""
        callers = [self._call_on(tenant) for tenant, number in TENANTS.items() for _ in range(number)]
        await asyncio.gather(*callers)

    async def _call_on(self, tenant: str) -> None:
        while (since := time.monotonic()) < self._end:
            try:
                async for _ in await self._client.acompletion(
                    "openai/scripted",
                    MESSAGES,
                    stream=True,
                    fairness_key=tenant,
                    base_url=self._base_url,
                    api_key="sk-none",
                ):
                    pass
            except aiollm.RateLimitError:
                self.failed[tenant] += 1
            else:
                self.answered[tenant] += 1
            self.longest[tenant] = max(self.longest[tenant], time.monotonic() - since)


async def run(name: str, seconds: float) -> dict[str, Any]:
    """Return the figures of a case."""
    case = CASES[name]
    provider = Provider(case.limit(seconds), retry_after=case.retry_after)
    limiter = aiollm.Limiter(concurrency=CONCURRENCY) if case.limiter else None
    async with ProviderServer() as server:
        server.script(provider.answer)
        load = Load(aiollm.Client(limiter=limiter), server.base_url, seconds)
        await load.run()
    bins = range(int(seconds))
    served, refused = (Counter(map(int, times)) for times in (provider.served, provider.refused))
    return {
        "case": name,
        "seconds": seconds,
        "served": sum(at < seconds for at in provider.served),
        "refused": sum(at < seconds for at in provider.refused),
        "failed": load.failed.total(),
        "tenants": {
            tenant: {"answered": load.answered[tenant], "longest": round(load.longest[tenant], 2)} for tenant in TENANTS
        },
        "served_by_second": [served[second] for second in bins],
        "refused_by_second": [refused[second] for second in bins],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(sys.argv[1], float(sys.argv[2])))))
