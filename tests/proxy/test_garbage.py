"""What a call has taken is given back at its end, and does not wait for the garbage collector."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator

import pytest

from aiollm.testing import status
from tests.proxy.serving import Proxy

pytestmark = pytest.mark.slow  # once is enough: what circles there are is not the interpreter's to say


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Keep the garbage until it is looked at."""
    gc.collect()
    gc.disable()
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


def garbage() -> Counter[str]:
    """Return the objects of this package that nothing refers to any more, and that are still there."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    return Counter(type(each).__qualname__ for each in gc.garbage if type(each).__module__.startswith("aiollm"))


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.usefixtures("uncollected")
async def test_a_call_that_is_answered_leaves_nothing(proxy: Proxy, *, stream: bool) -> None:
    proxy.provider.reply("Hello there")
    for _ in range(3):
        async with proxy.chat(stream=stream) as reply:
            assert "Hello" in await reply.text()
    assert not garbage()


@pytest.mark.usefixtures("uncollected")
async def test_a_call_that_its_provider_refuses_leaves_nothing(proxy: Proxy) -> None:
    proxy.provider.script(status(429))
    for _ in range(3):
        async with proxy.chat() as reply:
            assert reply.status == 429
    assert not garbage()
