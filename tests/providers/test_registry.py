"""From a model's name to a target."""

import traceback
from collections.abc import Iterator

import msgspec
import pytest

from aiollm.exceptions import APIError, AuthenticationError, BadRequestError
from aiollm.providers import Provider, providers, register, registry, resolve
from aiollm.types.secret import Secret

OPENAI = {"OPENAI_API_KEY": "sk-test"}
CANARY = "c4n4ry-of-a-key"


@pytest.fixture
def rows() -> Iterator[None]:
    """Put the rows that a test registers back as they were."""
    rows = registry._rows()
    before = dict(rows)
    yield
    rows.clear()
    rows.update(before)
    registry.find_provider.cache_clear()
    registry._endpoint.cache_clear()


def resolved(model: str, **given: object) -> tuple[str, str]:
    target = resolve(model, environ=OPENAI | {"GROQ_API_KEY": "g", "TOGETHER_API_KEY": "t"}, **given)  # type: ignore[arg-type]
    return target.provider.name, target.model


@pytest.mark.parametrize(
    "model", ["gpt-4o", "gpt-5-mini", "o1", "o3-mini", "o4-mini", "chatgpt-4o-latest", "ft:gpt-4o:me::7"]
)
def test_a_bare_name_of_openai_needs_no_prefix(model: str) -> None:
    assert resolved(model) == ("openai", model)


def test_only_the_first_segment_is_the_provider() -> None:
    assert resolved("groq/openai/gpt-oss-20b") == ("groq", "openai/gpt-oss-20b")
    assert resolved("openai/openai/gpt-oss-20b") == ("openai", "openai/gpt-oss-20b")


def test_the_provider_may_be_named_apart_from_the_model() -> None:
    assert resolved("openai/gpt-oss-20b", custom_llm_provider="groq") == ("groq", "openai/gpt-oss-20b")
    assert resolved("groq/openai/gpt-oss-20b", custom_llm_provider="groq") == ("groq", "openai/gpt-oss-20b")
    assert resolved("meta-llama/Llama-3", custom_llm_provider="together_ai") == ("together_ai", "meta-llama/Llama-3")


@pytest.mark.parametrize("model", ["gorq/llama", "Groq/llama", "groqq"])
def test_an_unknown_provider_is_told_near_names_and_the_way_to_any_server(model: str) -> None:
    with pytest.raises(BadRequestError, match="did you mean groq") as caught:
        resolve(model, environ=OPENAI)
    assert "openai/<model>" in str(caught.value)
    assert "api_base=" in str(caught.value)
    assert caught.value.param == "model"


@pytest.mark.parametrize("model", ["", "/", "zzzzzz", "zzzzzz/m", "llama3", "o-nothing", "x" * 5000])
def test_a_name_of_nothing_is_refused_in_one_line(model: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        resolve(model, environ=OPENAI)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("model", ["groq/", "groq/  "])
def test_a_provider_without_a_model_is_refused(model: str) -> None:
    with pytest.raises(BadRequestError, match="groq/<model>"):
        resolve(model, environ=OPENAI)


def test_an_explicit_key_wins_over_the_environment() -> None:
    key = Secret("mine")
    assert resolve("gpt-4o", api_key=key, environ=OPENAI).secret is key


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_a_blank_variable_counts_as_unset(blank: str) -> None:
    environ = {"OPENROUTER_API_KEY": blank, "OR_API_KEY": "second", "OPENROUTER_API_BASE": blank, "OR_APP_NAME": blank}
    target = resolve("openrouter/auto", environ=environ)
    assert target.secret == Secret("second")
    assert target.endpoint.url.startswith("https://openrouter.ai/")
    assert target.endpoint.headers == {}


def test_an_explicit_base_url_wins_over_the_environment_and_that_over_the_row() -> None:
    environ = OPENAI | {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    assert resolve("gpt-4o", environ=environ).endpoint.url == "http://127.0.0.1:9/v1/chat/completions"
    explicit = resolve("gpt-4o", base_url="http://127.0.0.1:8/v1", environ=environ)
    assert explicit.endpoint.url == "http://127.0.0.1:8/v1/chat/completions"


@pytest.mark.parametrize(
    "given", [None, "", "https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions"]
)
def test_a_base_url_is_normalised(given: str | None) -> None:
    target = resolve("gpt-4o", base_url=given, environ=OPENAI)
    assert target.endpoint.url == "https://api.openai.com/v1/chat/completions"


BAD_BASES = {
    "localhost:8000/v1": "scheme",
    "api.example.com": "scheme",
    "ftp://example.com": "scheme",
    "https://": "host",
    "https:///v1": "host",
    "https://example.com/v1 ": "space",
    "https://exam ple.com": "space",
    "https://example.com/\r\nX: 1": "control",
    "https://example.com/\udcff": "control",
    "https://example.com\\@127.0.0.1": "user name",
    "https://example.com:99999": "not a valid URL",
    "https://[::1": "not a valid URL",
    "https://example.com:0/": "port 0",
    "https://example.com/v1?api-version=1": "query",
    f"https://user:{CANARY}@example.com": "user name",
    f"https://{CANARY}@example.com": "user name",
}


@pytest.mark.parametrize(("base", "fault"), BAD_BASES.items())
def test_a_wrong_base_url_is_refused_by_the_name_of_what_gave_it(base: str, fault: str) -> None:
    with pytest.raises(BadRequestError, match=fault) as explicit:
        resolve("gpt-4o", base_url=base, environ=OPENAI)
    with pytest.raises(BadRequestError, match=fault) as by_variable:
        resolve("gpt-4o", environ=OPENAI | {"OPENAI_API_BASE": base})
    assert (explicit.value.param, by_variable.value.param) == ("api_base", "OPENAI_API_BASE")
    assert "OPENAI_API_BASE" in str(by_variable.value)
    assert CANARY not in f"{explicit.value}{by_variable.value}"


@pytest.mark.parametrize("name", ["cloudflare", "snowflake", "bedrock_mantle"])
def test_a_missing_part_of_the_address_names_its_variables(name: str) -> None:
    row = providers()[name]
    with pytest.raises(BadRequestError) as caught:
        resolve(f"{name}/m", api_key=Secret("k"), environ={})
    assert all(variable in str(caught.value) for variables in row.placeholders.values() for variable in variables)
    assert "api_base=" in str(caught.value)


@pytest.mark.parametrize("account", ["evil.example/", "a@b", "a b", "..", "x?y", "x#y", "é"])
def test_a_part_of_the_address_cannot_lead_elsewhere(account: str) -> None:
    with pytest.raises(BadRequestError, match="SNOWFLAKE_ACCOUNT_ID"):
        resolve("snowflake/m", api_key=Secret("k"), environ={"SNOWFLAKE_ACCOUNT_ID": account})


def test_the_organization_and_the_project_become_headers() -> None:
    environ = OPENAI | {"OPENAI_ORGANIZATION": "org-env", "OPENAI_PROJECT_ID": "proj"}
    assert resolve("gpt-4o", environ=environ).endpoint.headers == {
        "OpenAI-Organization": "org-env",
        "OpenAI-Project": "proj",
    }
    target = resolve("gpt-4o", organization="org-call", environ=environ)
    assert target.endpoint.headers["OpenAI-Organization"] == "org-call"


def test_an_organization_is_left_out_where_there_is_no_header_for_it() -> None:
    assert resolve("groq/m", organization="org", environ={"GROQ_API_KEY": "g"}).endpoint.headers == {}


@pytest.mark.usefixtures("rows")
def test_a_registered_provider_may_have_a_header_for_the_organization() -> None:
    register(Provider(name="acme", base_url="https://acme.invalid/v1", organization_header="X-Org", key_optional=True))
    assert resolve("acme/m", organization="org", environ={}).endpoint.headers == {"X-Org": "org"}
    assert resolve("acme/m", environ={}).endpoint.headers == {}
    with pytest.raises(BadRequestError, match="organization"):
        resolve("acme/m", organization="naïve", environ={})


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "naïve"])
def test_a_header_value_that_cannot_be_sent_is_refused(value: str) -> None:
    with pytest.raises(BadRequestError, match="OR_APP_NAME"):
        resolve("openrouter/auto", environ={"OR_API_KEY": "k", "OR_APP_NAME": value})
    with pytest.raises(BadRequestError, match="organization"):
        resolve("gpt-4o", organization=value, environ=OPENAI)


@pytest.mark.parametrize(
    ("base", "asks"),
    [
        (None, True),
        ("https://eu.api.openai.com/v1", True),
        ("http://127.0.0.1:9", False),
        ("https://xapi.openai.com", False),
    ],
)
def test_usage_is_asked_for_unasked_only_where_it_is_known_to_work(base: str | None, asks: bool) -> None:
    assert resolve("gpt-4o", base_url=base, environ=OPENAI).endpoint.asks_usage is asks


def test_a_server_of_ones_own_is_asked_for_usage_wherever_it_runs() -> None:
    assert resolve("hosted_vllm/m", base_url="http://127.0.0.1:9/v1", environ={}).endpoint.asks_usage


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("openrouter/auto", "openrouter/auto"),
        ("openrouter/openai/gpt-4o", "openai/gpt-4o"),
        ("fireworks_ai/llama-v3", "accounts/fireworks/models/llama-v3"),
        ("fireworks_ai/accounts/me/models/x", "accounts/me/models/x"),
    ],
)
def test_a_row_reads_the_name_of_its_model(model: str, sent: str) -> None:
    assert resolve(model, api_key=Secret("k"), environ={}).model == sent


def test_a_dedicated_deployment_has_a_host_of_its_own_unless_one_is_given() -> None:
    key = Secret("k")
    own = resolve("baseten/abcd1234", api_key=key, environ={}).endpoint.url
    assert own == "https://model-abcd1234.api.baseten.co/environments/production/sync/v1/chat/completions"
    given = resolve("baseten/abcd1234", api_key=key, base_url="http://127.0.0.1:9", environ={}).endpoint.url
    assert given == "http://127.0.0.1:9/chat/completions"


def test_a_model_that_cannot_be_read_is_refused_with_the_form_expected() -> None:
    with pytest.raises(BadRequestError, match="ragflow/chat/<id>/<model>") as caught:
        resolve("ragflow/m", api_key=Secret("k"), base_url="http://127.0.0.1:9", environ={})
    assert caught.value.param == "model"


def test_the_developer_role_comes_before_the_other_quirks() -> None:
    names = [quirk.__name__ for quirk in resolve("deepseek/m", environ={"DEEPSEEK_API_KEY": "k"}).endpoint.quirks]
    assert names == ["developer_as_system", "flatten_text", "effort_as_thinking", "reasoning_replayed"]
    names = [quirk.__name__ for quirk in resolve("gpt-4o", environ=OPENAI).endpoint.quirks]
    assert names == ["max_completion_tokens_if_reasoning"]


def test_a_key_that_cannot_be_sent_names_the_variable_only() -> None:
    with pytest.raises(AuthenticationError, match="OPENAI_API_KEY") as caught:
        resolve("gpt-4o", environ={"OPENAI_API_KEY": f"{CANARY}\nx"})
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "base", "environ"),
    [
        ("gpt-4o", None, {"OPENAI_API_KEY": f"{CANARY}\nx"}),
        ("gpt-4o", f"https://u:{CANARY}@example.com", {"OPENAI_API_KEY": CANARY}),
        ("gpt-4o", None, {"OPENAI_API_KEY": CANARY, "OPENAI_BASE_URL": f"https://u:{CANARY}@example.com"}),
        ("groq/m", None, {"OPENAI_API_KEY": CANARY}),
        ("gorq/m", None, {"OPENAI_API_KEY": CANARY}),
        ("heroku/m", None, {"HEROKU_API_KEY": CANARY}),
        ("snowflake/m", None, {"SNOWFLAKE_JWT": CANARY}),
        ("openrouter/m", None, {"OR_API_KEY": CANARY, "OR_APP_NAME": "a\nb"}),
    ],
)
def test_no_frame_of_a_failure_shows_a_secret(model: str, base: str | None, environ: dict[str, str]) -> None:
    with pytest.raises(APIError) as caught:
        resolve(model, base_url=base, environ=environ)
    error, own_frame = caught.value, caught.value.__traceback__
    assert own_frame is not None
    # This function's own frame holds the secret, so the walk starts one below.
    shown = traceback.TracebackException(type(error), error, own_frame.tb_next, capture_locals=True)
    frames = "".join(shown.format())
    assert (
        "find_key(" in frames
        or "_endpoint(" in frames
        or "_header_values(" in frames
        or "find_base_url(" in frames
        or "find_provider(" in frames
    )
    assert CANARY not in frames
    assert error.__cause__ is None
    assert error.__context__ is None


def test_a_target_shows_no_secret() -> None:
    assert CANARY not in repr(resolve("gpt-4o", api_key=Secret(CANARY), environ={}))


def test_a_changed_environment_is_seen_by_the_next_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AuthenticationError):
        resolve("groq/m")
    monkeypatch.setenv("GROQ_API_KEY", "one")
    assert resolve("groq/m").secret == Secret("one")
    monkeypatch.setenv("GROQ_API_KEY", "two")
    monkeypatch.setenv("GROQ_API_BASE", "http://127.0.0.1:9")
    target = resolve("groq/m")
    assert (target.secret, target.endpoint.url) == (Secret("two"), "http://127.0.0.1:9/chat/completions")


def test_a_server_elsewhere_that_needs_no_key_is_told_how() -> None:
    with pytest.raises(AuthenticationError, match='api_key="none"'):
        resolve("openai/m", base_url="http://127.0.0.1:9/v1", environ={})


@pytest.mark.usefixtures("rows")
def test_a_registered_provider_resolves() -> None:
    with pytest.raises(BadRequestError):
        resolve("mine/m", environ={})
    register(Provider(name="mine", base_url="http://127.0.0.1:9/v1", key_env=("MINE_KEY",), auth={"X-Key": "{key}"}))
    target = resolve("mine/m", environ={"MINE_KEY": "k"})
    assert target.endpoint.url == "http://127.0.0.1:9/v1/chat/completions"
    assert providers()["mine"] is target.provider


@pytest.mark.usefixtures("rows")
def test_registering_a_name_again_replaces_its_row() -> None:
    before = resolve("groq/m", environ={"GROQ_API_KEY": "g"}).endpoint.url
    register(msgspec.structs.replace(providers()["groq"], base_url="http://127.0.0.1:9"))
    after = resolve("groq/m", environ={"GROQ_API_KEY": "g"}).endpoint.url
    assert (before.startswith("https://api.groq.com/"), after) == (True, "http://127.0.0.1:9/chat/completions")


def test_the_view_of_the_providers_cannot_be_written() -> None:
    with pytest.raises(TypeError):
        providers()["x"] = providers()["openai"]  # type: ignore[index]
