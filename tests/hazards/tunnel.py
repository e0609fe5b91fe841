"""An HTTP proxy that opens tunnels (CONNECT): every name is this machine's, at the port asked for."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection of a client."""
    target = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
    try:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int(target.rpartition(":")[2]))
    except ConnectionRefusedError:
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        return
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await asyncio.gather(_relay(reader, far_writer), _relay(far_reader, writer))


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
