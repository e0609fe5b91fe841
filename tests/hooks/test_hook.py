"""What is a hook, and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm import Client, CustomLogger, Router, Sink
from aiollm.hooks.hook import checked_hooks


async def later(event: Any) -> None: ...


class Later:
    async def __call__(self, event: Any) -> None: ...


def test_functions_and_objects_are_hooks() -> None:
    sink, logger = Sink(later), CustomLogger()
    plain, own, other, kept, logging = checked_hooks([print, later, Later(), sink, logger])
    assert isinstance(own, Sink)
    assert isinstance(other, Sink)
    assert not isinstance(plain, Sink)
    assert (kept, logging) == (sink, logger)


@pytest.mark.parametrize("wrong", [print, 5, "print", [5], [CustomLogger], ["langfuse"]])
@pytest.mark.parametrize("build", [Client, Router])
def test_anything_else_is_none(wrong: Any, build: Any) -> None:
    with pytest.raises(TypeError, match="hook"):
        build(hooks=wrong)
