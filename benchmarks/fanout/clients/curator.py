"""Bespoke Curator's `LLM` over OpenAI's format. It counts tokens by tiktoken; litellm brings its vocabulary along."""

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

from benchmarks.clients import API_KEY, MODEL
from benchmarks.fanout.cases import Case
from benchmarks.fanout.clients import prompts


def ask(contender: str, base_url: str, case: Case) -> int:
    spec = find_spec("litellm")
    assert spec
    assert spec.origin
    os.environ["TIKTOKEN_CACHE_DIR"] = str(Path(spec.origin).parent / "litellm_core_utils" / "tokenizers")
    os.environ["OPENAI_API_KEY"] = API_KEY
    from bespokelabs import curator  # type: ignore[import-not-found]

    with tempfile.TemporaryDirectory() as folder:
        model = curator.LLM(
            model_name=MODEL,
            backend="openai",
            backend_params={
                "base_url": base_url,
                "max_retries": 0,
                "max_concurrent_requests": case.at_a_time,
                "max_requests_per_minute": 10_000_000,
                "max_tokens_per_minute": 10_000_000_000,
            },
        )
        answers = model(prompts(case), working_dir=folder)
        return sum(bool(row["response"]) for row in getattr(answers, "dataset", answers))
