"""Who may import whom: the contracts of setup.cfg, and the places a few modules are reserved for."""

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests import ROOT
from tests.architecture import rules
from tests.architecture.source import modules


def test_every_import_contract_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "setup.cfg"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


@pytest.mark.parametrize(
    "rule",
    [rules.own_imports_inside_functions, rules.global_statements, rules.reserved_imports, rules.environment_reads],
)
def test_the_package_keeps_the_rule(rule: rules.Rule) -> None:
    assert [fault for module in modules(ROOT, "aiollm") for fault in rule(module)] == []
