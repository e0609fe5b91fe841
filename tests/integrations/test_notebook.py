"""A stream below the cell of a real kernel, and in a program that is no notebook."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

import aiollm
from aiollm.integrations.notebook import ashow, show
from aiollm.testing import (
    ProviderServer,
    cut,
    done,
    finish,
    reasoning,
    reply,
    role,
    stall,
    tokens,
    tool_call,
)
from tests import ROOT
from tests.services.kernel import Kernel

EXAMPLE = ROOT / "tests" / "examples" / "cells.py"
MESSAGES = [{"role": "user", "content": "hi"}]
IMPORT = "from aiollm.integrations.notebook import ashow, show\n"
SHOW = {
    "blocking": IMPORT + "answer = show(aiollm.completion(**options))",
    "asynchronous": IMPORT + "answer = await ashow(await aiollm.acompletion(**options))",
}
each_way = pytest.mark.parametrize("code", SHOW.values(), ids=SHOW)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with ProviderServer() as server:
        started = Kernel(server)
        try:
            yield started
        finally:
            started.stop()


def markdown(kernel: Kernel) -> list[str]:
    """What was shown, one text for each time that it was drawn; always in the same place."""
    assert len({shown["transient"]["display_id"] for shown in kernel.shown}) == 1
    return [shown["data"]["text/markdown"] for shown in kernel.shown]


@pytest.mark.slow
@each_way
def test_an_answer_is_drawn_as_it_comes(kernel: Kernel, code: str) -> None:
    kernel.shown.clear()
    kernel.server.script([role(), reasoning("hm"), tokens("**one**"), stall(0.3), tokens(" two"), finish(), done()])
    assert kernel.run(code) == ("", None)
    first, *_, last = markdown(kernel)
    assert (first, last) == ("> hm", "> hm\n\n**one** two")
    assert kernel.run("print(answer.choices[0].message.content)") == ("**one** two\n", None)


@pytest.mark.slow
def test_calls_of_tools_are_shown_as_code(kernel: Kernel) -> None:
    kernel.shown.clear()
    kernel.server.script([role(), tool_call("get_weather", '{"city": "Ulm"}'), finish("tool_calls"), done()])
    assert kernel.run(SHOW["blocking"]) == ("", None)
    assert markdown(kernel)[-1] == '```\nget_weather {"city": "Ulm"}\n```'


@pytest.mark.slow
def test_what_has_come_of_an_answer_that_breaks_off_stays(kernel: Kernel) -> None:
    kernel.shown.clear()
    kernel.server.script([role(), tokens("so far"), cut()])
    assert kernel.run(SHOW["blocking"])[1] == "StreamInterrupted"
    assert markdown(kernel)[-1] == "so far"


@pytest.mark.slow
@each_way
def test_interrupting_the_kernel_closes_the_connection_and_leaves_what_has_come(kernel: Kernel, code: str) -> None:
    kernel.shown.clear()
    kernel.server.script([role(), tokens(["so far"]), stall(heartbeat=0.05)])
    seen = len(kernel.server.log)
    cell = kernel.begin(code)
    kernel.server.run(kernel.server.wait_for_request(seen, timeout=20))
    kernel.wait_for_output(cell)
    kernel.interrupt()
    request = kernel.server.run(kernel.server.wait_for_disconnect(seen, timeout=20))
    assert request.disconnected_by == "client"
    assert kernel.end(cell)[1] in ("KeyboardInterrupt", "CancelledError")
    assert markdown(kernel)[-1] == "so far"


@pytest.mark.slow
def test_the_cells_of_the_example_run(kernel: Kernel) -> None:
    kernel.shown.clear()
    kernel.server.script(reply("Sunlight scatters"))
    first, second, third = EXAMPLE.read_text(encoding="utf-8").split("# %%")[1:]
    assert kernel.run(f"#{first}") == ("Sunlight scatters\n", None)
    assert kernel.run(f"#{second}") == ("", None)
    assert markdown(kernel)[-1] == "Sunlight scatters"
    assert kernel.run(f"#{third}")[0] == "Sunlight scatters\nSunlight scatters\n"


def test_where_there_is_no_notebook_the_text_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    options: dict[str, Any] = {"model": "openai/scripted", "messages": MESSAGES, "api_key": "sk-test", "stream": True}

    async def shown(server: ProviderServer) -> Any:
        return await ashow(await aiollm.acompletion(api_base=server.base_url, **options))

    with ProviderServer() as server:
        server.script([role(), reasoning("hm"), tokens("one two"), finish(), done()])
        answers = [show(aiollm.completion(api_base=server.base_url, **options)), asyncio.run(shown(server))]
    assert [answer.choices[0].message.content for answer in answers] == ["one two"] * 2
    assert capsys.readouterr().out == "one two\none two\n"
