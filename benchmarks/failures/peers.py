"""The libraries of the matrix: what to install for each, and which client reads for it."""

from dataclasses import replace

from benchmarks.failures.clients import DEADLINE
from benchmarks.libraries import LIBRARIES, Library

_NEW = (
    Library(
        "langchain-openai",
        "",
        ("langchain-openai",),
        imports="langchain_openai",
        distributions=("langchain-openai", "langchain-core", "openai"),
    ),
    Library(
        "pydantic-ai",
        "",
        ("pydantic-ai-slim[openai]",),
        imports="pydantic_ai",
        distributions=("pydantic-ai-slim", "openai", "httpx2"),
    ),
)
_ENVIRON = {"litellm": {"LITELLM_MAX_STREAMING_DURATION_SECONDS": f"{DEADLINE:g}"}}

PEERS = {
    library.name: replace(
        library,
        adapter=f"benchmarks.failures.clients.{library.name.replace('-', '_')}",
        environ=library.environ | _ENVIRON.get(library.name, {}),
    )
    for library in (*(LIBRARIES[name] for name in ("aiollm", "openai", "any-llm", "litellm")), *_NEW)
}
"""The first is aiollm of this checkout; its interpreter also runs the scripted provider."""
