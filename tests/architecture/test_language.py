"""Nothing is unfinished, and everything is named for what it does."""

import pytest

from tests import ROOT
from tests.architecture import rules
from tests.architecture.source import modules

EXAMPLES = ("tests/architecture/rules.py", "tests/architecture/test_rules.py")  # they spell out what they forbid


@pytest.mark.parametrize("rule", [rules.unfinished_code, rules.vague_names])
def test_the_words_are_plain(rule: rules.Rule) -> None:
    read = [module for module in modules(ROOT, "aiollm", "benchmarks", "tests") if module.where not in EXAMPLES]
    assert [fault for module in read for fault in rule(module)] == []
