"""The official openai SDK over aiohttp (its extra ``aiohttp``)."""

import openai

from benchmarks.clients.openai import Client as HttpxClient


class Client(HttpxClient):
    """``AsyncOpenAI`` with ``DefaultAioHttpClient``."""

    def __init__(self, base_url: str) -> None:
        super().__init__(base_url, http_client=openai.DefaultAioHttpClient())
