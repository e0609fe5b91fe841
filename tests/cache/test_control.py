"""What a caller says about the cache in one call."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm import BadRequestError
from aiollm.cache.control import CacheControl


@pytest.mark.parametrize(
    ("cache", "caching", "meant"),
    [
        (None, None, CacheControl()),
        ({}, True, CacheControl()),
        (None, False, CacheControl(read=False, write=False)),
        ({"no-cache": True}, None, CacheControl(read=False)),
        ({"no_store": True}, None, CacheControl(write=False)),
        ({"no-store": False, "no-cache": None}, None, CacheControl()),
        ({"ttl": 60, "s-maxage": 0, "namespace": "n"}, None, CacheControl(ttl=60.0, max_age=0.0, namespace="n")),
    ],
)
def test_litellms_form_is_read(cache: Any, caching: Any, meant: CacheControl) -> None:
    assert CacheControl.of(cache, caching) == meant


@pytest.mark.parametrize(
    ("cache", "caching", "words"),
    [
        (5, None, "cache must be a dict; got int"),
        (None, "yes", "caching must be True or False; got str"),
        ({"no-cash": True}, None, "unknown member 'no-cash'; it takes no-cache, no-store, ttl"),
        ({"no-cache": 1}, None, r'cache\["no-cache"\] must be True or False'),
        ({"ttl": -1}, None, r'cache\["ttl"\] must be seconds from 0'),
        ({"ttl": True}, None, "seconds from 0"),
        ({"s-maxage": float("nan")}, None, "seconds from 0"),
        ({"namespace": 5}, None, r'cache\["namespace"\] must be text'),
    ],
)
def test_what_is_wrong_is_told(cache: Any, caching: Any, words: str) -> None:
    with pytest.raises(BadRequestError, match=words) as caught:
        CacheControl.of(cache, caching)
    assert caught.value.param in ("cache", "caching")
