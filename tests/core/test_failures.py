from __future__ import annotations

import ssl

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey

from aiollm import exceptions
from aiollm.core.failures import failure_of, timeout_of
from aiollm.types.timeouts import Timeouts

CLOCKS = Timeouts(connect=1, first_token=2, idle=3, total=4)


@pytest.mark.parametrize(
    ("clock", "error", "says", "phase"),
    [
        ("connect", exceptions.ConnectTimeout, "within 1 s (timeout=Timeouts(connect=...) allows more)", "connect"),
        ("first_token", exceptions.FirstTokenTimeout, "within 2 s of the request", "first_token"),
        ("idle", exceptions.IdleTimeout, "within 3 s, heartbeats not counted (timeout=Timeouts(idle=...)", "stream"),
        ("total", exceptions.TotalTimeout, "longer than 4 s", None),
        ("tail", exceptions.IdleTimeout, "its body did not end", "stream"),
    ],
)
def test_each_clock_has_its_error(clock: str, error: type[Exception], says: str, phase: str | None) -> None:
    failure = timeout_of(clock, CLOCKS, "host:1")
    assert type(failure) is error
    assert says in str(failure)
    assert (failure.host, failure.phase, failure.status_code, failure.retryable) == ("host:1", phase, 408, True)


def test_the_tail_needs_no_idle_clock() -> None:
    assert isinstance(timeout_of("tail", Timeouts(idle=None), "host:1"), exceptions.IdleTimeout)


@pytest.mark.parametrize("phase", ["connect", "headers"])
def test_an_error_without_words_is_named(phase: str) -> None:
    failure = failure_of(BrokenPipeError(), phase, "host:1")
    assert type(failure) is exceptions.APIConnectionError
    assert "BrokenPipeError" in str(failure)
    assert failure.phase == phase


@pytest.mark.parametrize(
    ("number", "hint"),
    [(10, "renew"), (18, "SSL_CERT_FILE"), (20, "SSL_CERT_FILE"), (62, "host name"), (64, "host name")],
)
def test_a_certificate_that_is_refused_says_what_to_do(number: int, hint: str) -> None:
    refused = ssl.SSLCertVerificationError(1, "certificate verify failed")
    refused.verify_code, refused.verify_message = number, "no good"
    place = ConnectionKey("host", 443, True, True, None, None, None)
    failure = failure_of(aiohttp.ClientConnectorCertificateError(place, refused), "connect", "host")
    assert type(failure) is exceptions.TLSError
    assert hint in str(failure)


def test_a_name_in_other_letters_is_not_taken_for_a_proxy() -> None:
    place = ConnectionKey("xn--bcher-kva.example", 443, True, True, None, None, None)
    unknown = aiohttp.ClientConnectorDNSError(place, OSError(-2, "Name or service not known"))
    assert type(failure_of(unknown, "connect", "B\u00fccher.example")) is exceptions.DNSError


def test_the_original_keeps_no_frames() -> None:
    def fail() -> None:
        key = "canary"
        try:
            raise OSError("low " + key[:0])
        except OSError as low:
            raise ConnectionResetError("reset") from low

    try:
        fail()
    except ConnectionResetError as error:
        failure = failure_of(error, "body", "host:1")
    cause = failure.__cause__
    assert isinstance(cause, ConnectionResetError)
    assert cause.__traceback__ is None
    assert cause.__cause__ is not None
    assert cause.__cause__.__traceback__ is None
