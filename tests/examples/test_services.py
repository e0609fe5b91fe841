"""The example services in a real browser, whose EventSource reads them, and with curl."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from aiollm.testing import cut, done, finish, role, stall, tokens
from tests.examples.serving import LIMIT, Example, example
from tests.missing import do_without
from tests.services.browser import chromium

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Return a browser, started once for all tests."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["chat_aiohttp.py", "chat_fastapi.py"])
async def service(request: pytest.FixtureRequest) -> AsyncIterator[Example]:
    """Return each of the services."""
    async with example(request.param) as running:
        yield running


async def ask(service: Example, browser: Browser) -> Page:
    page = await browser.new_page()
    await page.goto(service.url)
    await page.get_by_label("Prompt").fill("Why is the sky blue?")
    await page.get_by_role("button").click()
    return page


async def test_a_page_shows_an_answer_to_its_end_and_asks_once(service: Example, browser: Browser) -> None:
    asked = len(service.provider.log)
    service.provider.script([role(), tokens("Sunlight scatters 🎉", gap=0.02), finish(), done()])
    page = await ask(service, browser)
    await expect(page.get_by_role("status")).to_have_text("Done.", timeout=1000 * LIMIT)
    assert await page.locator("#answer").text_content() == "Sunlight scatters 🎉"
    assert len(service.provider.log) == asked + 1
    assert service.provider.log[asked].member("messages")[0]["content"] == "Why is the sky blue?"
    await page.close()


async def test_a_page_tells_of_an_answer_that_breaks_off(service: Example, browser: Browser) -> None:
    service.provider.script([role(), tokens("half an answer"), cut()])
    page = await ask(service, browser)
    await expect(page.get_by_role("status")).to_have_text("the answer broke off: it is not whole", timeout=1000 * LIMIT)
    assert await page.locator("#answer").text_content() == "half an answer"
    await page.close()


async def test_closing_the_page_closes_the_connection_to_the_provider(service: Example, browser: Browser) -> None:
    asked = len(service.provider.log)
    service.provider.script([role(), tokens("so far"), stall()])
    page = await ask(service, browser)
    await expect(page.locator("#answer")).to_have_text("so far", timeout=1000 * LIMIT)
    await page.close()
    request = await service.provider.wait_for_disconnect(asked, timeout=LIMIT)
    assert request.disconnected_by == "client"


async def curl(service: Example) -> asyncio.subprocess.Process:
    if shutil.which("curl") is None:
        do_without("curl is not on PATH")
    return await asyncio.create_subprocess_exec(
        *("curl", "-sSN", "--get", "--data-urlencode", "prompt=Why?", f"{service.url}/chat"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_curl_prints_the_events(service: Example) -> None:
    service.provider.script([role(), tokens("Sunlight scatters"), finish(), done()])
    printed, complaints = await asyncio.wait_for((await curl(service)).communicate(), LIMIT)
    *events, end = [line.removeprefix("data: ") for line in printed.decode().splitlines() if line]
    assert (end, complaints) == ("[DONE]", b"")
    assert "".join(json.loads(event)["choices"][0]["delta"].get("content") or "" for event in events) == (
        "Sunlight scatters"
    )


async def test_killing_curl_closes_the_connection_to_the_provider(service: Example) -> None:
    asked = len(service.provider.log)
    service.provider.script([role(), tokens("so far"), stall()])
    process = await curl(service)
    assert process.stdout is not None
    assert await process.stdout.readline()
    process.kill()
    await process.communicate()
    request = await service.provider.wait_for_disconnect(asked, timeout=LIMIT)
    assert request.disconnected_by == "client"
