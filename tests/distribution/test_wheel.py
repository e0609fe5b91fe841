"""What is installed is whole without the checkout, and the same from whoever builds it."""

from __future__ import annotations

import textwrap
import zipfile
from pathlib import Path

import aiollm
from tests.distribution.conftest import build
from tests.distribution.place import Place

ASKS = """
    import asyncio
    import aiollm
    from aiollm.testing import ProviderServer

    async def main():
        async with ProviderServer() as server:
            server.reply("whole and well")
            call = {"model": "openai/any", "api_base": server.base_url, "api_key": "none"}
            messages = [{"role": "user", "content": "How are you?"}]
            async for chunk in await aiollm.acompletion(messages=messages, stream=True, **call):
                print(chunk.choices[0].delta.content or "", end="")

    asyncio.run(main())
    for chunk in aiollm.completion("openai/any", [{"role": "user", "content": "?"}], stream=True, mock_response="!"):
        print(chunk.choices[0].delta.content or "", end="")
    print(aiollm.get_model_info("gpt-4o")["max_tokens"] > 0, aiollm.__file__)
"""


def test_two_builds_are_the_same_to_the_byte(wheel: Path, tmp_path: Path) -> None:
    assert build(tmp_path).read_bytes() == wheel.read_bytes()


def test_it_runs_nothing_when_python_starts(wheel: Path) -> None:
    assert [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".pth")] == []


def test_it_answers_without_the_checkout(place: Place) -> None:
    done = place.run("python", "-W", "error", "-c", textwrap.dedent(ASKS))
    assert (done.returncode, done.stderr) == (0, "")
    text, _, path = done.stdout.strip().rpartition(" ")
    assert text == "whole and well!True"
    assert path.startswith(str(place.folder))


def test_its_command_is_there(place: Place) -> None:
    done = place.run("aiollm", "--version")
    assert (done.returncode, done.stdout.split()[-1]) == (0, aiollm.__version__)
    assert place.run("python", "-m", "aiollm", "doctor", "openai").returncode in {0, 1}  # no network is a finding


def test_it_brings_few_packages(place: Place) -> None:
    done = place.run("python", "-c", "from importlib.metadata import distributions as all; print(len([*all()]))")
    assert int(done.stdout) <= 20
