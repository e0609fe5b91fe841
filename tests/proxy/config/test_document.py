"""YAML text as values that know their lines."""

from __future__ import annotations

import sys

import pytest

from aiollm.proxy.config.document import Value, parse_document
from aiollm.proxy.config.problem import Problems


def parsed(text: str) -> tuple[Value, list[str]]:
    problems = Problems()
    value = parse_document(text, "c.yaml", problems)
    return value, [str(problem) for problem in problems.found]


def test_values_know_their_lines() -> None:
    value, problems = parsed("a:\n  b: 1\n  c:\n  - x\n  - y: true\n")
    inner = value.content["a"].content
    assert problems == []
    assert inner["b"].line == 2
    assert [item.line for item in inner["c"].content] == [4, 5]
    assert value.plain() == {"a": {"b": 1, "c": ["x", {"y": True}]}}


def test_a_syntax_error_names_its_line_and_quotes_nothing() -> None:
    _, problems = parsed('key: "sk-canary\nother: [1\n')
    assert len(problems) == 1
    assert "this is not YAML" in problems[0]
    assert "canary" not in problems[0]


@pytest.mark.parametrize("text", ["a: \x07", "a: *nowhere", "a: b: c", "a: 2024-99-99", "? [1, 2]\n: b\n"])
def test_what_is_no_document_is_a_problem_and_no_crash(text: str) -> None:
    value, problems = parsed(text)
    assert problems
    assert isinstance(value.content, dict)


def test_aliases_cannot_stand_for_more_than_memory_holds() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    value, problems = parsed("\n".join(lines))
    assert value.content == {}
    assert problems == ["c.yaml:1: its aliases stand for more than 50000 values"]


def test_a_value_that_holds_itself_is_refused() -> None:
    assert parsed("a: &a [*a]")[1] == ["c.yaml:1: it is nested more than 64 levels deep"]


def test_a_repr_shows_nothing() -> None:
    assert repr(parsed("a: secret")[0].content["a"]) == "<value at c.yaml:1>"


def test_without_pyyaml_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ImportError, match=r"pip install 'aiollm\[proxy\]'"):
        parsed("a: 1")
