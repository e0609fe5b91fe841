"""The soak's provider, in a process of its own: what it holds is not the client's."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aiollm.testing import LoggedRequest, ProviderServer, Steps
from tests.programs import environment
from tests.soak.scenario import scenario

MOST_LOGGED = 1000


@contextmanager
def provider(seed: int) -> Iterator[str]:
    """Run the provider and give its base URL; it ends when its input does."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.soak.provider", str(seed)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
    if process.returncode:
        raise RuntimeError(f"the provider failed with exit status {process.returncode}")


async def serve(seed: int) -> None:
    """Answer by scenario until the input ends."""
    async with ProviderServer() as server:

        def script(request: LoggedRequest) -> Steps:
            if len(server.log) > MOST_LOGGED:
                server.log.clear()
            return scenario(seed, int(request.json["messages"][0]["content"])).steps

        server.script(script)
        print(server.base_url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
