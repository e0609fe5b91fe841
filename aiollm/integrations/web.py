"""What our servers use of aiohttp's.

`aiohttp.web` loads applications, sessions of WebSockets and files besides, which are half of its 80 million
instructions, and which no start of the proxy has to wait for.
"""

from aiohttp.web_exceptions import (
    HTTPException,
    HTTPMethodNotAllowed,
    HTTPNotFound,
    HTTPRequestEntityTooLarge,
)
from aiohttp.web_protocol import RequestPayloadError
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import Response, StreamResponse
from aiohttp.web_server import Server

__all__ = [
    "BaseRequest",
    "HTTPException",
    "HTTPMethodNotAllowed",
    "HTTPNotFound",
    "HTTPRequestEntityTooLarge",
    "RequestPayloadError",
    "Response",
    "Server",
    "StreamResponse",
]
