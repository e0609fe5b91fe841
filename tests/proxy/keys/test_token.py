"""Virtual keys as text."""

from __future__ import annotations

import re
from hashlib import sha256

from aiollm.proxy.keys import digest_of, new_key, shown


def test_a_key_is_made_of_256_random_bits() -> None:
    keys = {str(new_key()) for _ in range(100)}
    assert len(keys) == 100
    assert all(re.fullmatch(r"sk-[A-Za-z0-9_-]{43}", key) for key in keys)


def test_a_key_is_hidden_where_it_is_printed() -> None:
    key = new_key()
    assert repr(key) == "***"
    assert shown(key) == f"sk-...{key[-4:]}"


def test_what_is_kept_is_the_hash_of_the_whole_key() -> None:
    assert digest_of("sk-abc") == sha256(b"sk-abc").hexdigest()
    prefix = "sk-" + "a" * 64
    assert digest_of(prefix + "1") != digest_of(prefix + "2")
    assert digest_of("sk-\udcff\x00'")  # whatever bytes a header had
