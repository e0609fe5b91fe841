"""The libraries under comparison: what to install for each, and which adapter drives it."""

import importlib
from dataclasses import dataclass, field
from typing import Any

from benchmarks.provider import CHECKOUT

FLOOR = "floor"


@dataclass(frozen=True)
class Library:
    """One row of every table."""

    name: str
    adapter: str
    requirements: tuple[str, ...]
    imports: str
    distributions: tuple[str, ...]
    blocking: bool = True
    environ: dict[str, str] = field(default_factory=dict)

    def client(self, base_url: str) -> Any:
        """The adapter's asynchronous client (:class:`benchmarks.clients.Client`)."""
        return importlib.import_module(self.adapter).Client(base_url)

    def blocking_client(self, base_url: str) -> Any:
        """The adapter's blocking client (:class:`benchmarks.clients.BlockingClient`)."""
        return importlib.import_module(self.adapter).BlockingClient(base_url)


LIBRARIES = {
    library.name: library
    for library in (
        Library(
            FLOOR,
            "benchmarks.clients.floor",
            ("aiohttp", "orjson"),
            imports="aiohttp",
            distributions=("aiohttp", "orjson"),
        ),
        Library(
            "aiollm",
            "benchmarks.clients.aiollm",
            (str(CHECKOUT),),
            imports="aiollm",
            distributions=("aiollm", "aiohttp", "msgspec", "attrs"),
        ),
        Library(
            "openai",
            "benchmarks.clients.openai",
            ("openai",),
            imports="openai",
            distributions=("openai", "httpx2", "pydantic"),
        ),
        Library(
            "openai-aiohttp",
            "benchmarks.clients.openai_aiohttp",
            ("openai[aiohttp]",),
            imports="openai",
            distributions=("openai", "aiohttp", "pydantic"),
            blocking=False,  # the extra replaces the asynchronous transport only
        ),
        Library(
            "any-llm",
            "benchmarks.clients.any_llm",
            ("any-llm-sdk",),
            imports="any_llm",
            distributions=("any-llm-sdk", "openai", "httpx2"),
        ),
        Library(
            "litellm",
            "benchmarks.clients.litellm",
            ("litellm!=1.107.*",),
            imports="litellm",
            distributions=("litellm", "openai", "aiohttp"),
            environ={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},  # or its import asks the Internet for prices
        ),
    )
}
