"""How a base URL and a path come together."""

import pytest

from aiollm.providers import Provider
from aiollm.providers.endpoints import build_endpoint
from aiollm.providers.model_rules import Placement

COMPLETIONS = "/chat/completions"
GATEWAY = "/api/v2/genai/llmgw/chat/completions/"
AGENT = Provider(
    name="x", base_url="https://api.example", path="/v1/chat/completions", path_elsewhere="/api/v1/chat/completions"
)


def url(base_url: str, path: str) -> str:
    return build_endpoint(Provider(name="x", path=path), Placement("m"), base_url, {}, given=True).url


@pytest.mark.parametrize(
    ("base_url", "path", "joined"),
    [
        ("https://h", COMPLETIONS, "https://h/chat/completions"),
        ("https://h/v1/", COMPLETIONS, "https://h/v1/chat/completions"),
        ("https://h/v1/chat/completions/", COMPLETIONS, "https://h/v1/chat/completions"),
        ("https://h/chat", COMPLETIONS, "https://h/chat/chat/completions"),
        ("https://h", "/v1/chat/completions", "https://h/v1/chat/completions"),
        ("https://h/v1", "/v1/chat/completions", "https://h/v1/chat/completions"),
        ("https://h/other/chat/completions", "/v1/chat/completions", "https://h/other/chat/completions"),
        ("https://v1", "/v1/chat/completions", "https://v1/v1/chat/completions"),
        ("https://app.datarobot.com", GATEWAY, f"https://app.datarobot.com{GATEWAY}"),
        ("https://app.datarobot.com/api/v2", GATEWAY, f"https://app.datarobot.com{GATEWAY}"),
        ("https://app.datarobot.com/api/v2/genai/llmgw/", GATEWAY, f"https://app.datarobot.com{GATEWAY}"),
        (f"https://app.datarobot.com{GATEWAY}", GATEWAY, f"https://app.datarobot.com{GATEWAY}"),
        (
            "http://h/api/v1",
            "/api/v1/chats_openai/7/chat/completions",
            "http://h/api/v1/chats_openai/7/chat/completions",
        ),
        ("https://h", "/v2/chat", "https://h/v2/chat"),
        ("https://h/v2", "/v2/chat", "https://h/v2/chat"),
        ("https://h/v2/chat", "/v2/chat", "https://h/v2/chat"),
        ("https://h/v2/", "/v2/models/{model}:ask?alt=sse", "https://h/v2/models/m:ask?alt=sse"),
    ],
)
def test_a_path_that_is_there_already_is_not_repeated(base_url: str, path: str, joined: str) -> None:
    assert url(base_url, path) == joined


@pytest.mark.parametrize(
    ("base_url", "given", "joined"),
    [
        ("https://api.example", False, "https://api.example/v1/chat/completions"),
        ("https://api.example/v1", True, "https://api.example/v1/chat/completions"),
        ("https://agent.elsewhere", True, "https://agent.elsewhere/api/v1/chat/completions"),
        ("https://agent.elsewhere/api/v1", True, "https://agent.elsewhere/api/v1/chat/completions"),
    ],
)
def test_another_host_may_have_another_path(base_url: str, given: bool, joined: str) -> None:
    assert build_endpoint(AGENT, Placement("m"), base_url, {}, given=given).url == joined


def test_a_stream_may_have_a_path_of_its_own() -> None:
    row = Provider(name="x", path="/models/{model}:ask", stream_path="/models/{model}:stream?alt=sse")
    endpoint = build_endpoint(row, Placement("a/b:1@2"), "https://h", {}, given=True)
    assert endpoint.url_for(stream=False) == "https://h/models/a%2Fb%3A1@2:ask"
    assert endpoint.url_for(stream=True) == "https://h/models/a%2Fb%3A1@2:stream?alt=sse"
    placed = build_endpoint(row, Placement("m", path="/its/own"), "https://h", {}, given=True)
    assert placed.url_for(stream=True) == placed.url_for(stream=False) == "https://h/its/own"


def test_an_endpoint_has_what_the_row_says() -> None:
    row = Provider(
        name="x",
        renames={"seed": "random_seed"},
        unsupported=frozenset({"n"}),
        takes_stream_options=False,
        developer_role="developer",
    )
    endpoint = build_endpoint(row, Placement("m"), "https://h", {"X-A": "1"}, given=True)
    assert (endpoint.provider, endpoint.headers, endpoint.renames) == ("x", {"X-A": "1"}, {"seed": "random_seed"})
    assert (endpoint.unsupported, endpoint.takes_stream_options) == (frozenset({"n"}), False)
    assert endpoint.quirks == ()
