import json
from pathlib import Path
from typing import Any

import pytest

from aiollm.exceptions import NotFoundError
from aiollm.local.parts import find_package
from aiollm.local.weights import find_weights
from aiollm.providers import providers
from aiollm.testing import ProviderServer
from tests.cli.conftest import Run, run

CANARY = "canary-1f9e"


def installed() -> bool:
    try:
        return bool(find_weights("smollm2") and find_package("xllamacpp"))
    except NotFoundError:
        return False


def diagnosed(run_here: Run, *names: str, broken: bool = False) -> dict[str, dict[str, Any]]:
    """Return provider -> check -> what was found, after a look at the exit code."""
    result = run_here("doctor", "--json", *names)
    report = json.loads(result.stdout)
    assert (result.returncode, report["ok"]) == (int(broken), not broken)
    return {row["provider"]: {check["name"]: check for check in row["checks"]} for row in report["providers"]}


@pytest.fixture
def openai_here(server: ProviderServer, monkeypatch: pytest.MonkeyPatch) -> ProviderServer:
    """Return a server that the environment names as OpenAI's."""
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/{CANARY}/v1")
    return server


def test_the_report_is_for_people_and_tells_all_of_the_machine(server: ProviderServer) -> None:
    result = run("doctor", "openai", OPENAI_API_KEY=CANARY, OPENAI_BASE_URL=server.base_url)
    assert (result.returncode, result.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    for beginning in (
        "python 3.",
        "aiollm 0.",
        "aiohttp 3.",
        "msgspec 0.",
        "openssl OpenSSL",
        "platform ",
        "xllamacpp ",
    ):
        assert any(line.startswith(beginning) for line in lines), beginning
    assert "proxies none set" in lines
    assert "keys OPENAI_API_KEY is set" in lines
    found = lines[lines.index("openai") + 1 :]
    assert found[:2] == ["ok key OPENAI_API_KEY is set", f"ok address {server.url} (from OPENAI_BASE_URL)"]
    assert found[2].startswith("ok name 127.0.0.1 is 127.0.0.1 (")
    assert found[3].startswith(f"ok connect 127.0.0.1 port {server.port} (")
    assert found[3].endswith(" ms)")
    assert not server.log


def test_providers_with_a_key_and_the_local_model_are_the_default(openai_here: ProviderServer, run_here: Run) -> None:
    found = diagnosed(run_here)
    assert [*found] == ["openai", "local"]
    assert {check["state"] for check in found["openai"].values()} == {"ok"}
    assert found["local"]["weights"]["state"] == ("ok" if installed() else "note")


def test_a_models_name_stands_for_its_provider(openai_here: ProviderServer, run_here: Run) -> None:
    assert [*diagnosed(run_here, "gpt-4o")] == ["openai"]
    assert [*diagnosed(run_here, "openai/any", "openai")] == ["openai"]


def test_an_unknown_name_is_an_error_that_lists_near_ones(run_here: Run) -> None:
    result = run_here("doctor", "grok")
    assert (result.returncode, result.stdout) == (1, "")
    assert "did you mean groq" in result.stderr


def test_a_server_that_is_down_is_broken(run_here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LM_STUDIO_API_BASE", "http://127.0.0.1:1")
    found = diagnosed(run_here, "lm_studio", broken=True)["lm_studio"]
    assert found["key"]["detail"] == "needs none"
    assert found["connect"]["state"] == "broken"


def test_credentials_of_a_cloud_are_not_looked_for(run_here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_BEDROCK_RUNTIME_ENDPOINT", "http://127.0.0.1:1")
    found = diagnosed(run_here, "bedrock", broken=True)["bedrock"]
    assert found["key"]["state"] == "note"
    assert found["key"]["detail"] == "none; a call looks for AWS credentials"


@pytest.mark.parametrize(
    ("variables", "check", "words"),
    [
        ({"GROQ_API_KEY": ""}, "key", "groq has no API key: set GROQ_API_KEY"),
        ({"GROQ_API_KEY": f"{CANARY}\n{CANARY}"}, "key", "the key in GROQ_API_KEY has a control character (U+000A)"),
        (
            {"GROQ_API_BASE": f"http://user:{CANARY}@127.0.0.1:1"},
            "address",
            "GROQ_API_BASE has a user name or password",
        ),
        ({"GROQ_API_BASE": CANARY}, "address", "GROQ_API_BASE has no scheme"),
    ],
)
def test_a_setting_that_cannot_work_is_broken_and_not_quoted(
    variables: dict[str, str], check: str, words: str, run_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ({"GROQ_API_BASE": "http://127.0.0.1:1"} | variables).items():
        monkeypatch.setenv(name, value)
    found = diagnosed(run_here, "groq", broken=True)["groq"][check]
    assert found["state"] == "broken"
    assert words in found["detail"]
    assert CANARY not in found["detail"]


def test_an_address_that_nothing_gives_is_broken(run_here: Run) -> None:
    found = diagnosed(run_here, "heroku", broken=True)["heroku"]
    assert found["address"]["detail"].startswith("heroku has no address of its own: set HEROKU_API_BASE")
    assert "name" not in found


def test_a_provider_that_cannot_be_used_says_why(run_here: Run) -> None:
    assert (
        "takes no plain key"
        in diagnosed(run_here, "fal_ai", "github_copilot", broken=True)["github_copilot"]["provider"]["detail"]
    )


def test_a_local_file_that_is_not_there_is_broken(run_here: Run, tmp_path: Path) -> None:
    found = diagnosed(run_here, f"local/{tmp_path}/mine.gguf", broken=True)["local"]
    assert found["weights"]["state"] == "broken"
    assert "there is no file" in found["weights"]["detail"]


def test_local_parts_that_are_missing_are_a_fault_only_when_they_are_needed(
    openai_here: ProviderServer, run_here: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [])
    assert diagnosed(run_here)["local"]["llama.cpp"]["state"] == "note"
    assert "pip install" in diagnosed(run_here, "local", broken=True)["local"]["llama.cpp"]["detail"]
    monkeypatch.delenv("OPENAI_API_KEY")
    assert [*diagnosed(run_here, broken=True)] == ["local"]


def test_no_secret_is_printed_whatever_holds_it(server: ProviderServer) -> None:
    """All keys are set; a proxy on loopback stands before every provider, so that nothing leaves the machine."""
    rows = providers().values()
    variables = {name: f"{CANARY}-{name}" for row in rows for name in row.key_env}
    variables |= {name: f"https://user:{CANARY}@host.invalid/{CANARY}" for row in rows for name in row.base_url_env[:1]}
    variables |= {name: CANARY for row in rows for name in row.header_env.values()}
    proxy = f"http://user:{CANARY}@127.0.0.1:{server.port}/{CANARY}"
    variables |= {
        "HTTP_PROXY": proxy,
        "https_proxy": proxy,
        "ALL_PROXY": CANARY.join("::"),
        "NO_PROXY": f"u:{CANARY}@h",
    }
    every = [row.name for row in rows]
    for arguments in (["doctor", "--debug"], ["doctor", "--json", *every]):
        result = run(*arguments, **variables)
        assert result.stdout
        assert CANARY not in result.stdout + result.stderr
    assert not server.log
