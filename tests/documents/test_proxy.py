"""What `docs/proxy.md` shows of a configuration is one, and what it names is there."""

from __future__ import annotations

import re

import pytest

from aiollm.providers.environment import Environment
from aiollm.proxy.config import parse_config
from aiollm.proxy.config.reader import Source
from aiollm.proxy.config.settings import AiollmSettings, GeneralSettings
from aiollm.proxy.routes import ROUTES, further_routes
from tests import ROOT
from tests.documents.test_block import FENCE

PAGE = (ROOT / "docs" / "proxy.md").read_text(encoding="utf-8")
KEYS = Environment({"GROQ_API_KEY": "none", "OPENAI_API_KEY": "none", "MASTER_KEY": "sk-master"})


@pytest.mark.parametrize("text", [code for kind, code in FENCE.findall(PAGE) if kind == "yaml"])
def test_a_configuration_is_read_without_a_complaint(text: str) -> None:
    reading = parse_config([Source("config.yaml", text)], KEYS)
    assert [str(problem) for problem in reading.problems] == []


def test_every_setting_that_is_named_is_one() -> None:
    named = re.findall(r"`(router|litellm|general|aiollm)_settings\.(\w+)`", PAGE)
    config = parse_config([Source("config.yaml", "")], KEYS).require()
    assert named
    assert [name for section, name in named if not hasattr(getattr(config, section), name)] == []


def test_every_setting_of_the_server_is_named() -> None:
    names = [*GeneralSettings.kinds, *AiollmSettings.kinds]
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_every_route_of_a_call_is_named() -> None:
    paths = [
        route.paths[0]
        for route in (*ROUTES, *further_routes())
        if route.right in ("call", "metrics") and "{" not in route.paths[0]
    ]
    assert [path for path in paths if path not in PAGE and not path.startswith("/key/")] == []
