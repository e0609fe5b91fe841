"""What ended when, in little memory."""

from __future__ import annotations

from aiollm.jobs.course import MOST_STEPS, Course, Step


def test_what_ends_together_is_counted_together() -> None:
    course = Course()
    course.add(0.1, ok=True, throttled=1, tokens=5)
    course.add(0.2, ok=False, throttled=0, tokens=2)
    course.add(0.6, ok=True, throttled=0, tokens=1)
    assert course.steps == [Step(1, 1, 1, 7), Step(), Step(1, 0, 0, 1)]


def test_a_long_job_has_longer_steps_and_nothing_is_lost() -> None:
    course = Course()
    for second in range(10_000):
        course.add(float(second), ok=second % 10 != 0, throttled=0, tokens=2)
    assert len(course.steps) <= MOST_STEPS
    assert course.seconds * len(course.steps) >= 9_999
    whole = sum(course.steps, Step())
    assert (whole.done, whole.failed, whole.tokens) == (9_000, 1_000, 20_000)
    assert max(step.tokens for step in course.steps) <= 2 * course.seconds + 2
