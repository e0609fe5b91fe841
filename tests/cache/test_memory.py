"""The store in memory: bounded in bytes, and what was used last stays."""

from __future__ import annotations

import pytest

from aiollm.cache.memory import ENTRY_BYTES, MemoryStore

SIZE = 1000
ENTRY = SIZE + ENTRY_BYTES


async def filled(store: MemoryStore, *names: str) -> None:
    for name in names:
        await store.put(name, bytes(SIZE), None)


async def kept(store: MemoryStore, names: str) -> str:
    return "".join([name for name in names if await store.get(name) is not None])


async def test_what_was_used_last_stays_when_there_is_no_room_for_all() -> None:
    store = MemoryStore(3 * ENTRY)
    await filled(store, "a", "b", "c")
    assert await store.get("a") is not None
    await filled(store, "d")
    assert (await kept(store, "abcd"), len(store)) == ("acd", 3)


async def test_a_value_larger_than_the_store_takes_no_others_place() -> None:
    store = MemoryStore(2 * ENTRY)
    await filled(store, "a", "b")
    await store.put("a", bytes(2 * ENTRY), None)
    assert await kept(store, "ab") == "b"


async def test_the_bytes_are_those_of_what_is_kept() -> None:
    store = MemoryStore(10 * ENTRY)
    await filled(store, "a", "b", "a")
    await store.put("b", b"", None)
    assert store.bytes == ENTRY + ENTRY_BYTES
    await store.delete("a")
    assert store.bytes == ENTRY_BYTES
    assert repr(store) == f"<MemoryStore of 1 entries, {ENTRY_BYTES} of {10 * ENTRY} bytes>"
    await store.aclose()
    assert len(store) == 1


def test_a_store_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        MemoryStore(0)
