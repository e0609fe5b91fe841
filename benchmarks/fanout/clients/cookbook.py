"""The method of the parallel processor in OpenAI's cookbook, written anew from what it says that it does.

https://github.com/openai/openai-cookbook/blob/main/examples/api_request_parallel_processor.py: requests are lines of a
file; a loop that sleeps a millisecond between two of them starts a task for each while requests and tokens of the
minute allow it; answers are appended to another file. The counting of tokens is left out, and the limits are out of
reach.
"""

import asyncio
import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.clients import MODEL
from benchmarks.clients.floor import HEADERS
from benchmarks.fanout.cases import Case
from benchmarks.fanout.clients import prompts

A_MINUTE = 10_000_000.0
PAUSE_SECONDS = 0.001


@dataclass
class Processor:
    """Requests that are under way, and the file of their answers."""

    session: aiohttp.ClientSession
    url: str
    answers: Path
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def call(self, request: dict[str, Any]) -> None:
        async with self.session.post(self.url, headers=HEADERS, json=request) as response:
            reply = await response.json()
        with self.answers.open("a") as file:
            file.write(json.dumps([request, reply]) + "\n")

    async def run(self, requests: Path) -> None:
        """Start the requests of a file as the minute has room for them, and wait for their ends."""
        room, updated = A_MINUTE, time.time()
        with requests.open() as lines:
            for line in lines:
                while room < 1:
                    await asyncio.sleep(PAUSE_SECONDS)
                    now = time.time()
                    room, updated = min(A_MINUTE, room + A_MINUTE * (now - updated) / 60), now
                room -= 1
                task = asyncio.create_task(self.call(json.loads(line)))
                self.tasks.add(task)
                task.add_done_callback(self.tasks.discard)
                await asyncio.sleep(PAUSE_SECONDS)
        while self.tasks:
            await asyncio.wait(self.tasks)


async def ask(contender: str, base_url: str, case: Case) -> int:
    with tempfile.TemporaryDirectory() as folder:
        requests, answers = Path(folder) / "requests.jsonl", Path(folder) / "answers.jsonl"
        bodies = ({"model": MODEL, "messages": [{"role": "user", "content": prompt}]} for prompt in prompts(case))
        requests.write_text("".join(json.dumps(body) + "\n" for body in bodies))
        async with aiohttp.ClientSession() as session:
            await Processor(session, f"{base_url}/chat/completions", answers).run(requests)
        with answers.open() as lines:
            return sum(bool(json.loads(line)[1]["choices"][0]["message"]["content"]) for line in lines)
