"""Who may import whom: the contracts of setup.cfg, and the places a few modules are reserved for."""

import pytest

from tests import ROOT
from tests.architecture import rules
from tests.architecture.source import modules
from tests.programs import python

# In a process of its own: it sets up logging, and thereby switches off every logger that was there before.
LINT = """
import sys
from importlinter.cli import lint_imports
sys.exit(lint_imports(config_filename=sys.argv[1], no_cache=True))
"""


def test_every_import_contract_is_kept() -> None:
    linted = python("-c", LINT, str(ROOT / "setup.cfg"))
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize(
    "rule",
    [rules.own_imports_inside_functions, rules.global_statements, rules.reserved_imports, rules.environment_reads],
)
def test_the_package_keeps_the_rule(rule: rules.Rule) -> None:
    assert [fault for module in modules(ROOT, "aiollm") for fault in rule(module)] == []
