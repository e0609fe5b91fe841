"""Parts of a package that are loaded when somebody asks for them."""

from __future__ import annotations

import pytest

import aiollm
from aiollm import structured
from tests.programs import python


def test_a_part_is_loaded_when_it_is_asked_for() -> None:
    program = """
import sys
from aiollm import structured
module = "aiollm.structured.answer"
assert module not in sys.modules
assert structured.StructuredReader.__module__ == module
assert "StructuredReader" in vars(structured)
"""
    done = python("-c", program)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("package", [aiollm, structured], ids=lambda package: str(package.__name__))
def test_what_there_is_not_is_told_as_of_any_module(package: object) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(package, "nothing")  # noqa: B009 - a type checker would find it out


def test_the_proxy_starts_without_what_few_of_it_need() -> None:
    late = (
        "aiollm.cache.redis",
        "aiollm.core.redis.limiter",
        "aiollm.credentials.sources",
        "aiollm.proxy.inbound.further_formats",
        "aiollm.proxy.ledger.shared_limits",
        "aiollm.proxy.page.gate",
        "aiollm.proxy.resume.streams",
        "aiollm.structured.answer",
        "difflib",
    )
    done = python("-c", f"import sys, aiollm.cli.serve; print({{*{late!r}}} & {{*sys.modules}})")
    assert done.stdout.strip() == "set()", done.stdout + done.stderr
