"""From the errors of sockets, TLS and aiohttp to ours, by one table.

The originals are kept as `__cause__`, but cut off from the frames they passed, because those hold the request's
headers, and with them the key.
"""

from __future__ import annotations

import ssl

import aiohttp
from yarl import URL

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

_PROXY_HINT = "the proxy comes from the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY)"

_UNKNOWN_ISSUER_HINT = "a certificate of your own CA is trusted through the environment variable SSL_CERT_FILE"
_WRONG_NAME_HINT = "the certificate is another host's: check api_base"
_CERTIFICATE_HINTS = {  # by OpenSSL's X509_V_ERR_ number
    10: "the certificate has expired, or this machine's clock is wrong",
    62: _WRONG_NAME_HINT,
    64: _WRONG_NAME_HINT,  # of an address in the place of a name
}


def timeout_of(clock: str, timeouts: Timeouts, host: str) -> APIError:
    """Return the error of a clock that ran out."""
    more = f"timeout=Timeouts({clock}=...) allows more"
    if clock == "connect":
        message = f"no connection to {host} within {timeouts.connect:g} s"
        return ConnectTimeout(message, host=host, phase="connect", hint=more)
    if clock == "first_token":
        message = f"no content from {host} within {timeouts.first_token:g} s of the request"
        return FirstTokenTimeout(message, host=host, phase="first_token", hint=more)
    if clock == "total":
        return TotalTimeout(f"the call to {host} took longer than {timeouts.total:g} s", host=host, hint=more)
    if clock == "idle":
        message = f"no further content from {host} within {timeouts.idle:g} s, heartbeats not counted"
        return IdleTimeout(message, host=host, phase="stream", hint=more)
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
        case aiohttp.ClientConnectorDNSError() if error.host != URL(f"//{host}").raw_host:
            return ProxyError(
                f"the name of the proxy {error.host}:{error.port} on the way to {host} has no address", hint=_PROXY_HINT
            )
        case aiohttp.ClientConnectorDNSError():
            return DNSError(
                f"the name of {host} has no address: {_words(error.os_error)}",
                hint="check api_base for a typing error, and the network",
            )
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return ProxyError(f"the proxy on the way to {host} failed: {_words(error)}", hint=_PROXY_HINT)
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            return TLSError(f"TLS with {host} failed: {_words(error)}", hint=_tls_hint(error))
        case aiohttp.ClientConnectorError():
            return ConnectError(f"cannot connect to {host}: {_words(error.os_error)}", hint="is the server running?")
        case aiohttp.ClientResponseError():
            return APIResponseValidationError(
                f"{host} did not answer in HTTP: {' '.join(error.message.split())}", hint="check the port in api_base"
            )
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return BadRequestError(f"the URL of {host or 'the provider'} is not valid", param="api_base")
        case aiohttp.ClientError() | OSError():
            when = "before it answered" if phase == "headers" else "while connecting"
            return APIConnectionError(f"the connection to {host} broke {when}: {_words(error)}")
        case _:
            # aiohttp refuses header values and paths with a ValueError of its own.
            return BadRequestError(f"the request to {host} cannot be sent: {_words(error)}", hint="check extra_headers")


def _tls_hint(error: BaseException) -> str:
    reason = getattr(error, "certificate_error", None)
    if reason is None:
        return "a server without TLS is asked as http://"
    return _CERTIFICATE_HINTS.get(getattr(reason, "verify_code", 0), _UNKNOWN_ISSUER_HINT)


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
