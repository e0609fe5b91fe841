import json

import pytest

from aiollm.providers import providers
from tests.cli.conftest import Run, run


def test_every_provider_is_a_line_with_address_and_keys() -> None:
    result = run("models", GROQ_API_KEY="sk-canary")
    assert (result.returncode, result.stderr) == (0, "")
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert lines.keys() == providers().keys()
    assert lines["groq"].split(maxsplit=2)[1:] == ["https://api.groq.com/openai/v1", "GROQ_API_KEY is set"]
    assert lines["openai"].endswith("OPENAI_API_KEY not set")
    assert "canary" not in result.stdout


def test_the_columns_are_aligned(run_here: Run) -> None:
    lines = [line for line in run_here("models", "ai").stdout.splitlines() if "https://" in line]
    assert len(lines) > 3
    assert len({line.index("https://") for line in lines}) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("local", ["(on", "this", "machine)", "needs", "no", "key"]),
        ("lm_studio", ["http://localhost:1234/v1", "LM_STUDIO_API_KEY", "not", "set", "(optional)"]),
        ("heroku", ["(HEROKU_API_BASE)", "HEROKU_API_KEY", "not", "set"]),
        ("oobabooga", ["(--api-base)", "needs", "no", "key"]),
        (
            "bedrock",
            [
                "https://bedrock-runtime.{region}.amazonaws.com",
                *("AWS_BEARER_TOKEN_BEDROCK", "not", "set,", "or", "AWS", "credentials"),
            ],
        ),
        ("sagemaker_chat", ["https://runtime.sagemaker.{region}.amazonaws.com", "AWS", "credentials"]),
    ],
)
def test_what_a_provider_needs_is_told(name: str, words: list[str], run_here: Run) -> None:
    (line,) = [line for line in run_here("models", name).stdout.splitlines() if line.startswith(f"{name} ")]
    assert line.split()[1:] == words


def test_a_provider_that_cannot_be_used_says_why(run_here: Run) -> None:
    assert "not usable: it takes no plain key" in run_here("models", "copilot").stdout


@pytest.mark.parametrize("word", ["groq", "GROQ", "api.groq.com"])
def test_the_filter_is_a_part_of_name_or_host(word: str, run_here: Run) -> None:
    assert [line.split()[0] for line in run_here("models", word).stdout.splitlines()] == ["groq"]


def test_a_filter_that_matches_nothing_suggests_and_fails(run_here: Run) -> None:
    result = run_here("models", "grok/x")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "aiollm: no provider has 'grok/x' in its name or host (did you mean groq?)\n"


def test_json_has_the_same_facts(run_here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", " ")
    (row,) = json.loads(run_here("models", "bedrock_mantle", "--json").stdout)
    assert row == {
        "provider": "bedrock_mantle",
        "address": "https://bedrock-mantle.{region}.api.aws/v1",
        "address_variables": {
            "BEDROCK_MANTLE_API_BASE": False,
            "BEDROCK_MANTLE_REGION": False,
            "AWS_REGION_NAME": False,
            "AWS_REGION": True,
        },
        "key_variables": {"BEDROCK_MANTLE_API_KEY": False, "AWS_BEARER_TOKEN_BEDROCK": False},
        "key_optional": False,
        "without_prefix": [],
        "refused": None,
    }
