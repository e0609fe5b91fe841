"""From the errors of sockets, TLS and aiohttp to ours, by one table.

The originals are kept as `__cause__`, but cut off from the frames they passed, because those hold the request's
headers, and with them the key.
"""

from __future__ import annotations

import ssl

import aiohttp

from aiollm.exceptions import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    BadRequestError,
    ConnectError,
    ConnectTimeout,
    DNSError,
    FirstTokenTimeout,
    IdleTimeout,
    ProxyError,
    StreamInterrupted,
    TLSError,
    TotalTimeout,
)
from aiollm.types.timeouts import Timeouts

__all__ = ["failure_of", "timeout_of"]


def timeout_of(clock: str, timeouts: Timeouts, host: str, *, of_scope: bool = False) -> APIError:
    """Return the error of a clock that ran out: one of the call's own, or one that a scope around it has set."""
    limit = f"{clock} of the scope around the call" if of_scope else f"Timeouts.{clock}"
    if clock == "connect":
        return ConnectTimeout(
            f"no connection to {host} within {timeouts.connect:g} s ({limit})", host=host, phase="connect"
        )
    if clock == "first_token":
        return FirstTokenTimeout(
            f"no content from {host} within {timeouts.first_token:g} s of the request ({limit})",
            host=host,
            phase="first_token",
        )
    if clock == "total":
        return TotalTimeout(f"the call to {host} took longer than {timeouts.total:g} s ({limit})", host=host)
    if clock == "idle":
        return IdleTimeout(
            f"no further content from {host} within {timeouts.idle:g} s ({limit}; heartbeats do not count)",
            host=host,
            phase="stream",
        )
    return IdleTimeout(f"the answer of {host} was whole, but its body did not end", host=host, phase="stream")


def failure_of(error: BaseException, phase: str, host: str) -> APIError:
    """Return our error for one of aiohttp's, of the operating system's, or of TLS's.

    Args:
        error: the original.
        phase: "connect", "headers" or "body".
        host: host and port that were asked.
    """
    failure = _in_body(error, host) if phase == "body" else _before_body(error, phase, host)
    failure.with_context(host=host, phase=None if phase == "body" else phase)
    failure.__cause__ = _without_frames(error)
    return failure


def _in_body(error: BaseException, host: str) -> APIError:
    return StreamInterrupted(f"the connection to {host} broke in the middle of the answer: {_words(error)}")


def _before_body(error: BaseException, phase: str, host: str) -> APIError:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return DNSError(
                f"the name of {host} has no address: {_words(error.os_error)}",
                hint="check api_base for a typing error, and the network",
            )
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return ProxyError(
                f"the proxy on the way to {host} failed: {_words(error)}",
                hint="the proxy comes from the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY)",
            )
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            return TLSError(
                f"TLS with {host} failed: {_words(error)}",
                hint="a certificate of your own CA is trusted through the environment variable SSL_CERT_FILE",
            )
        case aiohttp.ClientConnectorError():
            return ConnectError(f"cannot connect to {host}: {_words(error.os_error)}", hint="is the server running?")
        case aiohttp.ClientResponseError():
            return APIResponseValidationError(f"{host} did not answer in HTTP: {' '.join(error.message.split())}")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return BadRequestError(f"the URL of {host or 'the provider'} is not valid", param="api_base")
        case aiohttp.ClientError() | OSError():
            when = "before it answered" if phase == "headers" else "while connecting"
            return APIConnectionError(f"the connection to {host} broke {when}: {_words(error)}")
        case _:
            # aiohttp refuses header values and paths with a ValueError of its own.
            return BadRequestError(f"the request to {host} cannot be sent: {_words(error)}", hint="check extra_headers")


def _words(error: BaseException | None) -> str:
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed it"  # aiohttp may show half a head, with its headers
    return (str(error) or type(error).__name__) if error is not None else "unknown"


def _without_frames(error: BaseException | None) -> BaseException | None:
    if error is None:
        return None
    if isinstance(error, aiohttp.ClientResponseError):
        # It holds the request's headers themselves.
        return aiohttp.ClientError(error.message)
    error.__traceback__ = None
    error.__context__ = None
    error.__cause__ = _without_frames(error.__cause__)
    return error
