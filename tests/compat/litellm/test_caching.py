from __future__ import annotations

from pathlib import Path

import pytest

import aiollm
from aiollm.compat import litellm


def test_a_cache_lies_where_its_type_says(tmp_path: Path) -> None:
    assert isinstance(litellm.Cache().store, aiollm.MemoryStore)
    assert isinstance(litellm.Cache(type="disk", disk_cache_dir=str(tmp_path), ttl=60).store, aiollm.SQLiteStore)
    assert isinstance(litellm.Cache(type="redis", host="127.0.0.1", port="6379").store, aiollm.RedisStore)
    assert litellm.Cache(ttl=60, namespace="mine").ttl == 60


@pytest.mark.parametrize("type", ["s3", "redis-semantic", "redis"])
def test_a_type_that_is_not_there_is_told(type: str) -> None:
    with pytest.raises(ValueError, match=r"Cache"):
        litellm.Cache(type=type)


def test_a_cache_is_turned_on_and_off() -> None:
    litellm.enable_cache(ttl=60)
    assert isinstance(litellm.cache, aiollm.Cache)
    litellm.update_cache(ttl=30)
    assert litellm.cache.ttl == 30
    litellm.disable_cache()
    assert litellm.cache is None
