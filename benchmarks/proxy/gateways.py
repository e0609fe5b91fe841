"""The gateways under comparison: how each is installed, started and asked."""

import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.provider import CHECKOUT
from benchmarks.proxy.models import MODELS

MASTER = "sk-benchmark-7f3a1c9e5b2d4860"
"""LiteLLM refuses keys that are easily guessed."""

RELAY, OURS, LITELLM = "relay", "aiollm", "litellm"

DIRECT = "direct"
"""The upstream without a gateway before it: what the load and the machine add themselves."""


@dataclass(frozen=True)
class Place:
    """Where a gateway runs.

    Attributes:
        program: the interpreter of its environment, or the program itself.
        folder: an empty one, for its configuration and what it keeps.
        port: where it is to listen.
        upstream: the address of the upstream, without a path.
    """

    program: Path
    folder: Path
    port: int
    upstream: str

    def write(self, name: str, text: str) -> str:
        """Write a file of the gateway's, and return its path."""
        path = self.folder / name
        path.write_text(text)
        return str(path)


@dataclass(frozen=True)
class Gateway:
    """One row of every table.

    Attributes:
        name: the row's label.
        about: what is on in it, in a few words.
        requirements: what is installed for it: distributions of Python's, or packages of npm's.
        distributions: whose versions are told.
        command: starts it.
        program: the program within an environment of npm's; None for one of Python's.
        key: makes the key that callers have; the key itself where nothing needs to be made.
        headers: what a request has besides.
        environ: variables that it is started with.
        every: it has a turn in one round of so many.
    """

    name: str
    about: str
    requirements: tuple[str, ...]
    distributions: tuple[str, ...]
    command: Callable[[Place], list[str]]
    program: str | None = None
    key: Callable[[str], str] = lambda url: MASTER
    headers: Callable[[str], Mapping[str, str]] = lambda upstream: {}
    environ: Mapping[str, str] = field(default_factory=dict)
    every: int = 1


def _relay(place: Place) -> list[str]:
    return [str(place.program), "-m", "benchmarks.proxy.relay", str(place.port), place.upstream, MASTER]


def _configuration(place: Place) -> str:
    """Write LiteLLM's `config.yaml` with all models, each with a price, and return its path."""
    prices = {"input_cost_per_token": 1.5e-7, "output_cost_per_token": 6e-7}
    upstream = {"api_base": f"{place.upstream}/v1", "api_key": "sk-upstream"}
    config = {
        "model_list": [
            {"model_name": name, "litellm_params": {"model": f"openai/{name}", **upstream, **prices}} for name in MODELS
        ],
        "litellm_settings": {"callbacks": ["prometheus"]},
        "general_settings": {"master_key": MASTER},
    }
    return place.write("config.yaml", json.dumps(config))  # which is YAML as well


def _aiollm(place: Place) -> list[str]:
    return [str(place.program), "-m", "aiollm", "--config", _configuration(place), "--port", str(place.port)]


def _virtual_key(url: str) -> str:
    """Make a key with every limit that a key can have, none of which is reached."""
    limits = {"rpm_limit": 10_000_000, "tpm_limit": 1_000_000_000, "max_parallel_requests": 10_000, "max_budget": 1e6}
    headers = {"authorization": f"Bearer {MASTER}", "content-type": "application/json"}
    request = urllib.request.Request(f"{url}/key/generate", json.dumps(limits).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as reply:
        key: str = json.load(reply)["key"]
        return key


def _litellm(place: Place) -> list[str]:
    program, config = str(place.program.with_name("litellm")), _configuration(place)
    return [program, "--config", config, "--host", "127.0.0.1", "--port", str(place.port), "--telemetry", "False"]


def _portkey(place: Place) -> list[str]:
    return [str(place.program), f"--port={place.port}", "--headless"]


def _portkey_headers(upstream: str) -> Mapping[str, str]:
    return {"x-portkey-provider": "openai", "x-portkey-custom-host": f"{upstream}/v1"}


def _vllm_router(place: Place) -> list[str]:
    program = str(place.program.with_name("vllm-router"))
    return [program, "--host", "127.0.0.1", "--port", str(place.port), "--worker-urls", place.upstream]


GATEWAYS = {
    gateway.name: gateway
    for gateway in (
        Gateway(
            RELAY,
            "nothing but the key",
            ("aiohttp", "orjson"),
            ("aiohttp", "orjson"),
            _relay,
            environ={"PYTHONPATH": str(CHECKOUT)},
        ),
        Gateway(
            OURS,
            "a virtual key with four limits, spend in SQLite, metrics; uvloop",
            (f"{CHECKOUT}[proxy,prometheus]",),
            ("aiollm", "aiohttp", "msgspec", "uvloop"),
            _aiollm,
            key=_virtual_key,
        ),
        Gateway(
            LITELLM,
            "its master key, metrics; without PostgreSQL it has neither keys, limits of keys nor spend",
            ("litellm[proxy]", "prometheus-client"),
            ("litellm", "fastapi", "uvicorn"),
            _litellm,
            environ={"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"},
            every=2,
        ),
        Gateway(
            "portkey",
            "no key of its own; TypeScript",
            ("@portkey-ai/gateway",),
            ("@portkey-ai/gateway",),
            _portkey,
            program="node_modules/.bin/gateway",
            headers=_portkey_headers,
        ),
        Gateway("vllm-router", "no key, one upstream; Rust", ("vllm-router",), ("vllm-router",), _vllm_router),
    )
}
