"""What one stream of the soak meets, and when it is left: drawn from the soak's seed and the stream's number alone.

Most of the catalogue's cases last milliseconds. Here words come slowly before the fault, or nothing does for a while,
so that streams are open at the same time.
"""

from __future__ import annotations

import random
from typing import Any, Literal

from attrs import frozen

import aiollm
from aiollm.testing import Step, Steps, stall, tokens
from tests.faults.catalogue import CASES, Case

LONGEST_WAIT = 2.0  # seconds before the first byte, or between the first word and the fault
TOO_LONG = 30.0  # seconds: a stream that lasts longer hangs; no case of the catalogue waits for a default clock
# 17 MiB each would hide a leak of less; a turn of the loop for each byte takes minutes on a busy machine.
LEFT_OUT = ("over the limit", "byte by byte", "each byte alone", "cut in a character")
CHOICE = [case for case in CASES if not any(words in case.name for words in LEFT_OUT)]

Way = Literal["read", "break", "close", "cancel"]
WAYS: tuple[Way, ...] = ("read", "read", "read", "read", "read", "read", "read", "break", "close", "cancel")


@frozen
class Scenario:
    """One stream.

    Attributes:
        case: the fault.
        steps: what the server does.
        text: the text that must arrive if nothing is lost; None where the clock decides.
        way: how the reader ends.
        after: chunks it reads before it breaks or closes, or tenths of a second before it is cancelled.
        retries: how often the call asks again; never where the provider asks for more patience than a soak has.
    """

    case: Case
    steps: Steps
    text: str | None
    way: Way
    after: int
    retries: int

    def expects(self, error: Exception | None) -> bool:
        """Whether the stream may end like this, a reader that stays provided."""
        if type(error) is (self.case.error or type(None)):
            return True
        if self.case.options and isinstance(error, aiollm.Timeout):
            return True  # its clocks are short, and on a busy machine another one than meant may be first
        # aiohttp gives nothing of what it reads together with a fault of HTTP; the head may be among it.
        if self.breaks_http and type(error) is aiollm.APIResponseValidationError:
            return True
        # A reset takes with it what had not been read, the end of the answer perhaps.
        return self.resets and type(error) in (aiollm.StreamInterrupted, aiollm.APIConnectionError)

    @property
    def breaks_http(self) -> bool:
        return any(step.name.startswith("wire(") for step in listed(self.steps))

    @property
    def resets(self) -> bool:
        return any(step.name == "rst()" for step in listed(self.steps))

    def explains(self, text: str, *, whole: bool) -> bool:
        """Whether this is the text of the answer, or, of a broken one, its beginning."""
        return self.text is None or (text == self.text if whole else self.text.startswith(text))


def scenario(seed: int, number: int) -> Scenario:
    """Draw a stream."""
    chance = random.Random(f"{seed}/{number}")
    case = chance.choice(CHOICE)
    wait = chance.uniform(0.05, LONGEST_WAIT)
    words = "".join(f"word{place} " for place in range(chance.randint(2, 30)))
    steps, slowed = slowed_down(case, words, wait)
    retries = 0 if "retry_after" in case.facts else chance.randint(0, 2)
    text = case.text if not slowed or case.text is None else words + case.text
    return Scenario(case, steps, text, chance.choice(WAYS), chance.randint(1, 12), retries)


def slowed_down(case: Case, words: str, wait: float) -> tuple[list[Step], bool]:
    """The case's steps with words before its own; if it does not begin like an answer, with a wait before them."""
    steps = listed(case.steps)
    for place, step in enumerate(steps):
        if step.name.startswith("delta({'role'"):
            return [*steps[: place + 1], tokens(words, gap=wait / len(words.split())), *steps[place + 1 :]], True
    return [stall(wait), *steps], False


def listed(steps: Steps) -> list[Step]:
    return [steps] if isinstance(steps, Step) else list(steps)


def arguments(base_url: str, number: int, drawn: Scenario) -> dict[str, Any]:
    """The keyword arguments of the call."""
    return {
        "model": "openai/soak",
        "messages": [{"role": "user", "content": str(number)}],
        "api_base": base_url,
        "api_key": "sk-soak",
        "stream": True,
        "num_retries": drawn.retries,
        **drawn.case.options,
    }
