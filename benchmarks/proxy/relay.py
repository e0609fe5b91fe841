"""The floor of a gateway: aiohttp on both sides, a look at the key, and bytes handed on as they come.

Run ``python -m benchmarks.proxy.relay PORT UPSTREAM KEY``.
"""

import hashlib
import hmac
import sys

import aiohttp
import orjson
from aiohttp import web


class Relay:
    """Hands requests to one upstream."""

    def __init__(self, upstream: str, key: str) -> None:
        self._url = f"{upstream}/v1/chat/completions"
        self._digest = hashlib.sha256(key.encode()).digest()
        self._session: aiohttp.ClientSession

    async def run_session(self, app: web.Application) -> object:
        """Keep connections to the upstream for as long as the application runs."""
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as session:
            self._session = session
            yield

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Check the key, rewrite the body as a gateway must, and relay the answer."""
        _, _, key = request.headers.get("authorization", "").partition(" ")
        if not hmac.compare_digest(hashlib.sha256(key.encode()).digest(), self._digest):
            raise web.HTTPUnauthorized
        body = orjson.loads(await request.read())
        body["model"] = body["model"].removeprefix("openai/")
        if body.get("stream"):
            body["stream_options"] = {"include_usage": True}
        headers = {"content-type": "application/json", "authorization": "Bearer sk-upstream"}
        async with self._session.post(self._url, data=orjson.dumps(body), headers=headers) as reply:
            told = {"content-type": reply.headers["content-type"], "x-request-id": "relayed"}
            if not body.get("stream"):
                return web.Response(status=reply.status, body=await reply.read(), headers=told)
            response = web.StreamResponse(status=reply.status, headers=told)
            await response.prepare(request)
            async for data in reply.content.iter_any():
                await response.write(data)
            await response.write_eof()
            return response


def main() -> None:
    port, upstream, key = sys.argv[1:]
    relay, app = Relay(upstream, key), web.Application()
    app.cleanup_ctx.append(relay.run_session)
    app.router.add_post("/v1/chat/completions", relay.answer)
    web.run_app(app, host="127.0.0.1", port=int(port), print=None, access_log=None, handler_cancellation=True)


if __name__ == "__main__":
    main()
