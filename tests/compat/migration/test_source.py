from __future__ import annotations

import pytest

from aiollm.compat.migration.names import becomes_of
from aiollm.compat.migration.source import findings_in_source


def found(*lines: str) -> list[str]:
    """Return kinds and names of what lines have, but for the imports that are to be written otherwise."""
    findings = findings_in_source("\n".join(lines), "app.py")
    return [f"{finding.line} {finding.kind} {finding.name}" for finding in findings if finding.kind != "change"]


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("import litellm", "import aiollm.compat.litellm as litellm"),
        ("import litellm as ll", "import aiollm.compat.litellm as ll"),
        ("from litellm import completion", "from aiollm.compat.litellm import ..."),
        ("from litellm.exceptions import Timeout", "from aiollm.compat.litellm.exceptions import ..."),
        ("import litellm.exceptions", "import aiollm.compat.litellm.exceptions as litellm"),
    ],
)
def test_an_import_is_to_be_written_otherwise(line: str, instead: str) -> None:
    (finding,) = findings_in_source(line, "app.py")
    assert (finding.kind, finding.note) == ("change", instead)
    assert str(finding).startswith("app.py:1: change   ")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("litellm.completion('m', [])", []),
        ("litellm.rerank('m')", ["2 missing litellm.rerank"]),
        ("litellm.drop_params = True", []),
        ("litellm.ssl_verify = False", ["2 missing litellm.ssl_verify"]),
        ("litellm.telemetry = False", ["2 idle litellm.telemetry"]),
        ("litellm.max_budget = 5", ["2 differs litellm.max_budget"]),
        ("except_ = litellm.exceptions.RateLimitError", []),
        ("except_ = litellm.RateLimitError", []),
        ("litellm.exceptions.Lost", ["2 missing litellm.exceptions.Lost"]),
        ("litellm.exceptions.completion", ["2 missing litellm.exceptions.completion"]),
        ("litellm.lost", ["2 missing litellm.lost"]),
        ("litellm.router.CustomRoutingStrategyBase", ["2 missing litellm.router.CustomRoutingStrategyBase"]),
        (
            "litellm.success_callback = ['langfuse']",
            ["2 differs litellm.success_callback", "2 missing litellm.success_callback = ['langfuse']"],
        ),
        (
            "litellm.success_callback = [lambda kwargs, *_: print(kwargs['model'])] + ['s3']",
            ["2 differs litellm.success_callback", "2 missing litellm.success_callback = ['s3']"],
        ),
        (
            "litellm.completion('m', [], success_callback=['langfuse'])",
            ["2 differs completion(success_callback=)", "2 missing completion(success_callback=)['langfuse']"],
        ),
        ("litellm.completion('m', [], temperature=1, **more)", []),
        ("litellm.completion('m', [], client=None, base_model=False)", []),
        ("litellm.completion('m', [], client=c)", ["2 missing completion(client=)"]),
        ("litellm.completion('m', [], verbose=v)", ["2 idle completion(verbose=)"]),
        ("litellm.completion('m', [], top_k=3)", ["2 differs completion(top_k=)"]),
        ("litellm.batch_completion('m', [], max_workers=3)", []),
        ("other.completion(client=c)", []),
    ],
)
def test_what_becomes_of_a_use(code: str, expected: list[str]) -> None:
    assert found("import litellm", code) == expected


def test_names_are_followed_from_their_import() -> None:
    assert found("from litellm import acompletion as ask", "async def f():", "    await ask('m', [], client=c)") == [
        "3 missing acompletion(client=)"
    ]
    assert found("from litellm import rerank, lost", "from litellm.utils import trim_messages, gone") == [
        "1 missing litellm.lost",
        "1 missing litellm.rerank",
        "2 missing litellm.utils.gone",
    ]


def test_arguments_of_a_router_and_of_its_calls_are_looked_at() -> None:
    code = (
        "from litellm import Router",
        "class App:",
        "    def __init__(self):",
        "        self.router = Router(model_list=[], num_retries=2, set_verbose=True, plugins=[1], lost=1)",
        "        self.router.completion('m', [], rpm=3)",
        "        self.other.completion('m', [], rpm=3)",
    )
    assert found(*code)[1:] == [
        "4 idle Router(set_verbose=)",
        "4 missing Router(lost=)",
        "4 missing Router(plugins=)",
        "5 missing self.router.completion(rpm=)",
    ]


def test_a_file_without_litellm_has_nothing_to_change() -> None:
    assert findings_in_source("this is no Python (", "notes.py") == []


def test_a_file_that_cannot_be_read_is_told() -> None:
    (finding,) = findings_in_source("import litellm\ndef f(:\n", "app.py")
    assert (finding.line, finding.kind) == (2, "missing")


def test_a_method_that_routers_have_not_is_told() -> None:
    code = ["from litellm import Router", "router = Router([])", "router.set_custom_routing_strategy(mine)"]
    assert found(*code)[1:] == ["3 missing router.set_custom_routing_strategy"]
    there = ("router.get_model_names()", "router.abatch_completion([], [])", "router.completion('m', [], priority=0)")
    assert found(*code[:2], *there)[1:] == []


def test_what_is_said_of_a_name_is_said_of_it_in_every_module() -> None:
    said = becomes_of("exceptions.JSONSchemaValidationError")
    assert said == becomes_of("JSONSchemaValidationError")
    assert said.note == "check the answer where it is used"
