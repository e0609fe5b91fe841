"""From the errors of sockets, TLS and aiohttp to ours, by one table.

The originals are kept as `__cause__`, but cut off from the frames they passed, because those hold the request's
headers, and with them the key.
"""

from __future__ import annotations

import ssl

import aiohttp
from aiohttp.http import HttpProcessingError

from aiollm.core.proxies import Proxy
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


def timeout_of(
    clock: str, timeouts: Timeouts, host: str, proxy: Proxy | None = None, *, of_scope: bool = False
) -> APIError:
    """Return the error of a clock that ran out: one of the call's own, or one that a scope around it has set."""
    more = (
        f"the limit is the {clock} of the scope around the call"
        if of_scope
        else f"timeout=Timeouts({clock}=...) allows more"
    )
    if clock == "connect":
        message = f"no connection to {host}{_through(proxy)} within {timeouts.connect:g} s"
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


def failure_of(error: BaseException, phase: str, host: str, proxy: Proxy | None = None) -> APIError:
    """Return our error for one of aiohttp's, of the operating system's, or of TLS's.

    Args:
        error: the original.
        phase: "connect", "headers" or "body".
        host: host and port that were asked.
        proxy: through which, if any.
    """
    failure = _in_body(error, host) if phase == "body" else _before_body(error, phase, host, proxy)
    failure.with_context(host=host, phase=None if phase == "body" else phase)
    failure.__cause__ = _without_frames(error)
    return failure


def _in_body(error: BaseException, host: str) -> APIError:
    return StreamInterrupted(f"the connection to {host} broke in the middle of the answer: {_words(error)}")


def _before_body(error: BaseException, phase: str, host: str, proxy: Proxy | None) -> APIError:
    way = f"{_with_port(error, host)}{_through(proxy)}"
    match error:
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return _proxy_failure(error, host, proxy)
        case aiohttp.ClientConnectorDNSError():
            if proxy is not None:  # only its name is looked up here; it looks up the provider's
                return _proxy_failure(error, host, proxy)
            return DNSError(
                f"the name of {way} has no address: {_words(error.os_error)}",
                hint="check api_base for a typing error, and the network",
            )
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError() | ssl.SSLError():
            return _tls_failure(error, way)
        case aiohttp.ClientConnectorError():
            return ConnectError(f"cannot connect to {way}: {_words(error.os_error)}", hint="is the server running?")
        case HttpProcessingError():
            return APIResponseValidationError(
                f"{host} did not answer in HTTP: {' '.join(error.message.split())}", hint="check the port in api_base"
            )
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError():
            return BadRequestError(f"the URL of {host or 'the provider'} is not valid", param="api_base")
        case aiohttp.ClientError() | OSError():
            when = "before it answered" if phase == "headers" else "while connecting"
            return APIConnectionError(f"the connection to {way} broke {when}: {_words(error)}")
        case _:
            # aiohttp refuses header values and paths with a ValueError of its own.
            return BadRequestError(f"the request to {host} cannot be sent: {_words(error)}", hint="check extra_headers")


def _proxy_failure(error: BaseException, host: str, proxy: Proxy | None) -> ProxyError:
    match error:
        case aiohttp.ClientConnectorDNSError():
            words = f"its name has no address: {_words(error.os_error)}"
        case aiohttp.ClientConnectorError():
            words = _words(error.os_error)
        case aiohttp.ClientResponseError():
            words = f"it answered {error.status} {' '.join(error.message.split())}"
        case _:
            words = _words(error)
    return ProxyError(
        f"the proxy {proxy.address if proxy else ''} on the way to {host} failed: {words}",
        hint="the proxy comes from the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY)",
    )


def _tls_failure(error: BaseException, way: str) -> TLSError:
    original = error
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        original = error.certificate_error
    elif isinstance(error, aiohttp.ClientConnectorError):
        original = error.os_error
    if not isinstance(original, ssl.SSLCertVerificationError):
        return TLSError(f"TLS with {way} failed: {_words(original)}", hint="a server without TLS is asked as http://")
    words = original.verify_message.rstrip(".")
    hint = _CERTIFICATE_HINTS.get(original.verify_code, _UNKNOWN_ISSUER)
    return TLSError(f"TLS with {way} failed: the certificate is not valid: {words}", hint=hint)


# By OpenSSL's numbers (x509_vfy.h): 9 and 10 are too early and too late, 62 and 64 the wrong name and address.
_CERTIFICATE_HINTS = {
    **dict.fromkeys((9, 10), "the server has to renew it, unless this machine's clock is wrong"),
    **dict.fromkeys((62, 64), "check the host name in api_base"),
}
_UNKNOWN_ISSUER = "a certificate of your own CA is trusted through the environment variable SSL_CERT_FILE"


def _with_port(error: BaseException, host: str) -> str:
    """Return the host with the port that was tried, also where the URL leaves it to the scheme."""
    if not isinstance(error, aiohttp.ClientConnectorError) or error.port is None or host.endswith(f":{error.port}"):
        return host
    return f"{host}:{error.port}"


def _through(proxy: Proxy | None) -> str:
    return f" through the proxy {proxy.address}" if proxy is not None else ""


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
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return aiohttp.ServerDisconnectedError()  # its message may be half a head, which cannot be pickled either
    error.__traceback__ = None
    error.__context__ = None
    error.__cause__ = _without_frames(error.__cause__)
    return error
