"""A file has one purpose and a function fits on a screen, everywhere in the checkout."""

import pytest

from tests import ROOT
from tests.architecture import rules
from tests.architecture.source import modules


@pytest.mark.parametrize("rule", [rules.long_files, rules.long_functions])
def test_everything_is_short(rule: rules.Rule) -> None:
    assert [fault for module in modules(ROOT, "aiollm", "benchmarks", "tests") for fault in rule(module)] == []
