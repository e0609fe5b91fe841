"""What ended when, of a job of any length, in little memory."""

from __future__ import annotations

from attrs import define

__all__ = ["Course", "Step"]

MOST_STEPS = 512


@define
class Step:
    """What ended within one step of time.

    Attributes:
        done, failed: requests.
        throttled: attempts that were refused because of a limit.
        tokens: of answers.
    """

    done: int = 0
    failed: int = 0
    throttled: int = 0
    tokens: int = 0

    def __add__(self, other: Step) -> Step:
        return Step(
            self.done + other.done,
            self.failed + other.failed,
            self.throttled + other.throttled,
            self.tokens + other.tokens,
        )


class Course:
    """Counts by steps of time, which become longer as the job does.

    Attributes:
        seconds: how long a step is.
        steps: the steps from the beginning on.
    """

    def __init__(self) -> None:
        self.seconds: float = 0.25
        self.steps: list[Step] = []

    def add(self, at: float, *, ok: bool, throttled: int, tokens: int) -> None:
        """Count a request that ended, `at` seconds after the beginning."""
        while at >= MOST_STEPS * self.seconds:
            self._coarsen()
        number = int(at / self.seconds)
        while number >= len(self.steps):
            self.steps.append(Step())
        step = self.steps[number]
        step.done += ok
        step.failed += not ok
        step.throttled += throttled
        step.tokens += tokens

    def _coarsen(self) -> None:
        """Make one step of two."""
        if len(self.steps) % 2:
            self.steps.append(Step())
        self.steps = [first + second for first, second in zip(self.steps[::2], self.steps[1::2], strict=True)]
        self.seconds *= 2
