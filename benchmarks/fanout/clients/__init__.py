"""A way to ask many things in each module: `ask(contender, base_url, case)`, which counts the chunks of text that came.

Each is written as its library's own pages write it, with retries off and no limit but that of requests at a time.
"""

from benchmarks.fanout.cases import Case


def prompts(case: Case) -> list[str]:
    """What is asked, each time something else."""
    return [f"Say something about fox number {number}." for number in range(case.requests)]
