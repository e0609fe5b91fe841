"""Blocks as programs of their own: they print what they should, and nothing else, to their very end."""

import pytest

from aiollm.testing import ProviderServer
from tests.documents.block import block
from tests.programs import python


@pytest.mark.parametrize(
    ("page", "name", "printed"),
    [
        ("000", "Async streaming", "test acompletion + streaming\n"),
        ("003", "Cancelling a stream", "one two three four five six seven eight nine\n\nStopping early...\n"),
        ("004", "Async with streaming", "one two three four five six seven eight nine ten eleven\n"),
    ],
)
def test_a_block_runs_as_a_program_and_ends_in_silence(
    page: str, name: str, printed: str, server: ProviderServer
) -> None:
    server.reply("one two three four five six seven eight nine ten eleven")
    program = python("-W", "error", "-c", block(page, name).source)
    assert (program.returncode, program.stderr) == (0, "")
    assert program.stdout.startswith(printed)
