"""How every scenario reads a stream: to its end, taking the text of each chunk."""

from typing import Any


async def read_stream(client: Any) -> int:
    """Read one stream whole and return how many chunks had text."""
    text = client.text
    chunks = 0
    stream = await client.open()
    async for chunk in stream:
        if text(chunk):
            chunks += 1
    await client.close(stream)
    return chunks


def read_stream_blocking(client: Any) -> int:
    """:func:`read_stream` for a blocking client."""
    text = client.text
    chunks = 0
    stream = client.open()
    for chunk in stream:
        if text(chunk):
            chunks += 1
    client.close(stream)
    return chunks


def check_count(read: int, sent: int) -> None:
    """Refuse a figure for a library that did not read what was sent."""
    if read != sent:
        raise AssertionError(f"the library handed out {read} chunks with text, the upstream sent {sent}")
