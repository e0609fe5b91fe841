"""`litellm.batch_completion`: threads."""

import litellm  # type: ignore[import-not-found]

from benchmarks.clients.litellm import arguments
from benchmarks.fanout.cases import Case
from benchmarks.fanout.clients import prompts


def ask(contender: str, base_url: str, case: Case) -> int:
    messages = [[{"role": "user", "content": prompt}] for prompt in prompts(case)]
    given = arguments(base_url) | {"messages": messages, "max_workers": case.at_a_time}
    return sum(bool(reply.choices[0].message.content) for reply in litellm.batch_completion(**given))
