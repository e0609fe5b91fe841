"""Every row of the catalogue, against a table of what the provider was found to take."""

import csv
import tomllib
from pathlib import Path

import msgspec
import pytest

from aiollm.exceptions import AuthenticationError, BadRequestError
from aiollm.providers import Provider, authenticate, providers, resolve
from aiollm.providers.catalog import read_catalog, read_rows
from aiollm.types.parameters import OPENAI_PARAMS
from tests.providers.catalog import READ, WRITTEN, as_json, spelled_out

HERE = Path(__file__).parent
TABLE = list(csv.DictReader((HERE / "rows.tsv").read_text().splitlines(), delimiter="\t"))
CALLABLE = [row for row in TABLE if row["url"] not in ("refused", "local")]
KEYED = [row for row in CALLABLE if row["keys"] != "-"]
PLACES = {
    "AWS_REGION": "eu-west-1",
    "CLOUDFLARE_ACCOUNT_ID": "acme",
    "OCI_REGION": "eu-frankfurt-1",
    "PREDIBASE_TENANT_ID": "acme-1",
    "SNOWFLAKE_ACCOUNT_ID": "acme-eu1",
}
AUTH = {
    "anthropic": {"x-api-key": "key-0"},
    "gemini": {"x-goog-api-key": "key-0"},
    "azure": {"api-key": "key-0"},
    "azure_ai": {"Authorization": "Bearer key-0", "api-key": "key-0"},
    "sarvam": {"Authorization": "Bearer key-0", "api-subscription-key": "key-0"},
}
LOOPBACK = ("http://localhost:", "http://127.0.0.1:")
OWN_SERVERS = ("docker_model_runner", "hosted_vllm", "lemonade", "llama_cpp", "llamafile", "lm_studio", "xinference")


def read(text: str) -> dict[str, Provider]:
    return read_rows(spelled_out(text))


def every(rows: list[dict[str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=lambda row: row["name"])


def model_of(row: dict[str, str]) -> str:
    return f"{row['name']}/chat/c1/m" if row["name"] == "ragflow" else f"{row['name']}/m"


def base_of(row: dict[str, str]) -> str | None:
    return "http://127.0.0.1:9" if row["url"] == "base" else None


def environ_of(row: dict[str, str], first: int = 0) -> dict[str, str]:
    """Every key variable from a place on is set, each to another key."""
    variables = [] if row["keys"] == "-" else row["keys"].split()
    return PLACES | {variable: f"key-{place}" for place, variable in enumerate(variables) if place >= first}


def test_the_table_and_the_catalogue_name_the_same_providers() -> None:
    assert [row["name"] for row in TABLE] == list(read_catalog())
    assert len(TABLE) == len(read_catalog())


def test_the_catalogue_is_in_alphabetical_order() -> None:
    names = list(tomllib.loads(WRITTEN.read_text()))
    assert names == sorted(names)


def test_a_process_reads_what_people_have_written() -> None:
    assert READ.read_text("utf-8") == as_json(
        spelled_out(WRITTEN.read_text("utf-8"))
    )  # else: see tests/providers/catalog.py


def test_no_row_repeats_a_default() -> None:
    plain, mapped = Provider(name="plain"), ("placeholders", "auth", "headers", "header_env", "renames")
    defaults = {member: getattr(plain, member) for member in Provider.__struct_fields__ if member not in mapped}
    repeated = [
        (name, member)
        for name, row in tomllib.loads(WRITTEN.read_text()).items()
        for member, value in row.items()
        if defaults.get(member) == value
    ]
    assert repeated == []


@every([row for row in CALLABLE if row["url"] != "base"])
def test_a_row_posts_to_its_own_url(row: dict[str, str]) -> None:
    assert resolve(model_of(row), environ=environ_of(row)).endpoint.url == row["url"]


@every(CALLABLE)
def test_a_row_takes_another_base_url(row: dict[str, str]) -> None:
    target = resolve(model_of(row), base_url="http://127.0.0.1:9/there", environ=environ_of(row))
    assert target.endpoint.url.startswith("http://127.0.0.1:9/there/")
    path = target.provider.path.partition("?")[0].replace("{model}", "m")
    assert target.endpoint.url.partition("?")[0].endswith(path)


@every(KEYED)
def test_a_row_signs_with_its_key(row: dict[str, str]) -> None:
    target = resolve(model_of(row), base_url=base_of(row), environ=environ_of(row))
    assert authenticate({}, target) == AUTH.get(row["name"], {"Authorization": "Bearer key-0"})


@every(KEYED)
def test_a_row_reads_its_key_variables_in_order(row: dict[str, str]) -> None:
    for place in range(len(row["keys"].split())):
        target = resolve(model_of(row), base_url=base_of(row), environ=environ_of(row, first=place))
        assert target.secret is not None
        assert target.secret.reveal() == f"key-{place}"


@every(KEYED)
def test_a_row_without_a_key_names_its_variables(row: dict[str, str]) -> None:
    provider = providers()[row["name"]]
    if provider.key_optional or provider.identity:
        target = resolve(model_of(row), base_url=base_of(row), environ=PLACES)
        assert target.secret is None
        assert authenticate({"Accept": "*/*"}, target) == {"Accept": "*/*"}
        return
    with pytest.raises(AuthenticationError) as caught:
        resolve(model_of(row), base_url=base_of(row), environ=PLACES)
    assert all(variable in str(caught.value) for variable in row["keys"].split())
    assert caught.value.llm_provider == row["name"]
    assert "api_key=" in str(caught.value)


@every(CALLABLE)
def test_a_row_reads_its_base_url_variables_in_order(row: dict[str, str]) -> None:
    variables = providers()[row["name"]].base_url_env
    for place in range(len(variables)):
        given = {variable: f"http://127.0.0.1:{9 + number}" for number, variable in enumerate(variables[place:], place)}
        target = resolve(model_of(row), environ=environ_of(row) | given)
        assert target.endpoint.url.startswith(f"http://127.0.0.1:{9 + place}/")


@every(CALLABLE)
def test_a_row_renames_and_refuses_what_was_found(row: dict[str, str]) -> None:
    endpoint = resolve(model_of(row), base_url=base_of(row), environ=environ_of(row)).endpoint
    unsupported = frozenset() if row["unsupported"] == "-" else frozenset(row["unsupported"].split())
    assert endpoint.unsupported == unsupported
    assert endpoint.unsupported <= OPENAI_PARAMS
    assert set(endpoint.renames) <= OPENAI_PARAMS - unsupported
    if "max_completion_tokens" not in unsupported:
        sent_as = endpoint.renames.get("max_completion_tokens", "max_completion_tokens")
        assert sent_as == row["max_completion_tokens"]


@every([row for row in TABLE if row["url"] == "base"])
def test_a_row_without_an_address_says_how_to_give_one(row: dict[str, str]) -> None:
    with pytest.raises(BadRequestError) as caught:
        resolve(model_of(row), environ=environ_of(row))
    assert "api_base=" in str(caught.value)
    assert all(variable in str(caught.value) for variable in providers()[row["name"]].base_url_env)
    assert caught.value.param == "api_base"


@every([row for row in TABLE if row["url"] == "refused"])
def test_a_refused_row_says_what_to_do(row: dict[str, str]) -> None:
    with pytest.raises(BadRequestError, match=row["name"]) as caught:
        resolve(model_of(row), environ={"FAL_AI_API_KEY": "k"})
    assert "use" in str(caught.value).lower()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", OWN_SERVERS)
def test_a_server_of_ones_own_is_on_this_machine(name: str) -> None:
    target = resolve(f"{name}/m", environ={"OPENAI_API_KEY": "sk-of-another-vendor"})
    assert target.endpoint.url.startswith(LOOPBACK)
    assert target.secret is None


def test_only_openai_leads_to_openai() -> None:
    hosts = [name for name, row in providers().items() if "openai.com" in (row.base_url or "")]
    assert hosts == ["openai"]


def test_ai21_goes_to_ai21_whatever_the_model() -> None:
    urls = [resolve(f"{name}/unheard-of", environ={"AI21_API_KEY": "k"}).endpoint.url for name in ("ai21", "ai21_chat")]
    assert urls == ["https://api.ai21.com/studio/v1/chat/completions"] * 2


def test_the_model_built_in_has_no_address_until_it_runs() -> None:
    target = resolve("local//models/tiny.gguf", environ={})
    assert (target.provider.serve, target.model, target.endpoint.url) == ("local", "/models/tiny.gguf", "")
    running = resolve("local/smollm2", base_url="http://127.0.0.1:9/v1", environ={})
    assert running.endpoint.url == "http://127.0.0.1:9/v1/chat/completions"


def test_a_row_may_be_another_for_some_of_its_models() -> None:
    row = read("""
        [x]
        base_url = "https://api.example"
        unsupported = ["seed"]
        [x.models."claude-*"]
        dialect = "anthropic"
        unsupported = ["n"]
    """)["x"]
    other, claude = row.for_model("gpt"), row.for_model("Claude-X")
    assert (other.dialect, other.unsupported) == ("openai", {"seed"})
    assert (claude.dialect, claude.unsupported) == ("anthropic", {"n"})
    assert claude.base_url == "https://api.example"
    moved = msgspec.structs.replace(row, base_url="https://elsewhere.example").for_model("claude-x")
    assert (moved.dialect, moved.base_url) == ("anthropic", "https://elsewhere.example")


def test_rows_may_say_once_what_they_have_in_common() -> None:
    rows = read("""
        [x]
        base_url = "https://api.example"
        unsupported = ["seed"]
        [x_chat]
        same_as = "x"
        [y]
        refuses_as = "x"
        unsupported = ["n"]
        [y.models."claude*"]
        refuses_as = "x"
    """)
    assert (rows["x_chat"].name, rows["x_chat"].base_url, rows["x_chat"].unsupported) == (
        "x_chat",
        "https://api.example",
        {"seed"},
    )
    assert (rows["y"].unsupported, rows["y"].base_url) == ({"seed", "n"}, None)
    assert rows["y"].for_model("claude").unsupported == {"seed"}


def test_a_row_in_common_must_be_there() -> None:
    with pytest.raises(KeyError, match="elsewhere"):
        read('[x]\nsame_as = "elsewhere"')


@pytest.mark.parametrize(
    "row",
    [
        '[x]\nbase_ulr = "https://x"',
        "[x]\nkey_env = 3",
        '[x]\nquirks = ["none"]',
        '[x]\ndeveloper_role = "boss"',
        '[x.models."*"]\nno = 1',
    ],
)
def test_a_wrong_row_is_refused(row: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(row)
