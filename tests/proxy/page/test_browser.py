"""The page in a real browser: its script runs under its policy, and what the operator clicks happens.

Chromium takes seconds to start: these tests are slow.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from aiollm.proxy.keys import digest_of
from aiollm.testing import cut, role, stall, tokens
from tests.proxy.admin.gateways import MASTER
from tests.proxy.page.pages import HOSTILE, Visitor, visiting
from tests.services.browser import chromium

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Return a browser, started once for all tests."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(tmp_path: Path) -> AsyncIterator[Visitor]:
    """Return a gateway with a scripted provider."""
    async with visiting(tmp_path) as visitor:
        yield visitor


@pytest_asyncio.fixture(loop_scope="module")
async def page(visitor: Visitor, browser: Browser) -> AsyncIterator[Page]:
    """Return a browser's page that is signed in. What the browser complains of fails the test."""
    context = await browser.new_context()
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{visitor.address}/ui")
    await page.get_by_label("Master key").fill(MASTER)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    yield page
    await context.close()
    assert complaints == []


async def test_live_calls_come_and_go_by_themselves(visitor: Visitor, page: Page) -> None:
    visitor.provider.script([role(), tokens("so far"), stall(30)])
    live = page.locator("#live")
    await expect(live).to_contain_text("Nothing is being answered now.")
    body = {"model": "fast", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    headers = {"authorization": f"Bearer {MASTER}"}
    async with visitor.session.post(f"{visitor.address}/v1/chat/completions", json=body, headers=headers) as reply:
        await reply.content.readany()
        await expect(live.locator("tbody tr")).to_contain_text("fast")
        reply.close()
    await expect(live).to_contain_text("Nothing is being answered now.")


async def test_a_key_is_made_and_revoked_by_hand(visitor: Visitor, page: Page) -> None:
    await page.get_by_role("link", name="Keys").click()
    await page.get_by_label("Name").fill(HOSTILE)
    await page.get_by_label("Requests a minute").fill("60")
    await page.get_by_role("button", name="Make the key").click()
    made = await page.locator("#made").text_content()
    (holder,) = visitor.gateway.keyring.all()
    assert (digest_of(made or ""), holder.rpm) == (holder.name, 60)
    rows = page.locator("tbody tr")
    await expect(rows).to_contain_text(HOSTILE)
    await rows.get_by_role("button", name="Block").click()
    await expect(rows.get_by_role("button", name="Unblock")).to_be_visible()
    await rows.get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("No keys yet.")).to_be_visible()
    assert visitor.gateway.keyring.all() == []


async def test_the_playground_shows_an_answer_as_it_comes(visitor: Visitor, page: Page) -> None:
    """What a model says is text, whatever it looks like."""
    visitor.provider.reply(HOSTILE)
    await page.get_by_role("link", name="Playground").click()
    await page.get_by_label("Prompt").fill("Hi")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#told")).to_contain_text("First token:")
    assert await page.locator("#answer").text_content() == HOSTILE
    assert await page.locator("#answer").locator("img").count() == 0

    visitor.provider.script([role(), tokens("half an answer"), cut()])
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#told")).to_contain_text("Failed: the answer broke off")
    assert await page.locator("#answer").text_content() == "half an answer"


async def test_stopping_the_playground_closes_the_connection_to_the_provider(visitor: Visitor, page: Page) -> None:
    visitor.provider.script([role(), tokens("so far"), stall(30)])
    await page.get_by_role("link", name="Playground").click()
    await page.get_by_label("Prompt").fill("Hi")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#answer")).to_have_text("so far")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.locator("#told")).to_have_text("Stopped.")
    await asyncio.wait_for(visitor.provider.wait_for_disconnect(0), timeout=5)
