"""What replies tell of the provider's limits, and what of it is believed."""

import pytest

from aiollm.wire.rate_limits import RateLimit, RateLimits, read_rate_limits

DATE = "Thu, 26 Nov 2026 05:00:00 GMT"


def openai(limit: str = "500", remaining: str = "499", reset: str = "120ms") -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": limit,
        "x-ratelimit-remaining-requests": remaining,
        "x-ratelimit-reset-requests": reset,
    }


def test_openais():
    headers = openai() | {"x-ratelimit-limit-tokens": "200000", "x-ratelimit-remaining-tokens": "199000"}
    assert read_rate_limits(headers) == RateLimits(RateLimit(500, 499, 0.12), RateLimit(200_000, 199_000))


def test_anthropics():
    headers = {"date": DATE}
    for number, counted in enumerate(("requests", "tokens", "input-tokens", "output-tokens"), 1):
        name = f"anthropic-ratelimit-{counted}"
        headers |= {f"{name}-limit": f"{number}00", f"{name}-remaining": "7", f"{name}-reset": "2026-11-26T05:00:12Z"}
    assert read_rate_limits(headers) == RateLimits(*(RateLimit(100.0 * n, 7, 12) for n in range(1, 5)))


def test_mistrals():
    headers = {
        "x-ratelimit-limit-req-minute": "60",
        "x-ratelimit-remaining-req-minute": "59",
        "x-ratelimit-limit-tokens-minute": "500000",
        "x-ratelimit-remaining-tokens-minute": "499980",
    }
    assert read_rate_limits(headers) == RateLimits(RateLimit(60, 59), RateLimit(500_000, 499_980))


def test_groq_counts_requests_by_the_day():
    headers = openai("14400", "14370", "2m59.56s")
    assert read_rate_limits(headers, provider="groq").requests == RateLimit(14_400, 14_370, 179.56, 86_400)
    assert read_rate_limits(headers, provider="openai").requests == RateLimit(14_400, 14_370, 179.56)


def test_openrouters_reset_is_a_moment_in_milliseconds():
    headers = {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795669242000"}
    assert read_rate_limits(headers | {"date": DATE}).requests == RateLimit(20, 0, 42)


def test_coheres_for_trial_keys():
    headers = {"x-trial-endpoint-call-limit": "40", "x-trial-endpoint-call-remaining": "39"}
    assert read_rate_limits(headers).requests == RateLimit(40, 39)


def test_watsonxs_are_of_a_second():
    headers = {"x-requests-limit-rate": "8", "x-requests-limit-remaining": "7"}
    assert read_rate_limits(headers).requests == RateLimit(8, 7, None, 1)


def test_the_ietfs():
    headers = {"ratelimit-limit": "10", "ratelimit-remaining": "3", "ratelimit-reset": "7"}
    assert read_rate_limits(headers).requests == RateLimit(10, 3, 7)


def test_no_headers_tell_nothing():
    assert read_rate_limits({"content-type": "application/json"}) == RateLimits()


GARBAGE = ["-1", "0", "", "NaN", "inf", "1e3", "12ms", "1m3s", "2026-11-26T05:00:00Z", "\uff11\uff12", "9" * 400]


@pytest.mark.parametrize("value", GARBAGE)
def test_a_limit_that_is_none_is_not_believed(value: str):
    assert read_rate_limits(openai(limit=value)) == RateLimits()


@pytest.mark.parametrize("value", [*[value for value in GARBAGE if value != "0"], "501"])
def test_a_rest_that_cannot_be_makes_the_limit_doubtful(value: str):
    assert read_rate_limits(openai(remaining=value)) == RateLimits()


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1s", 1),
        ("6m0s", 360),
        ("1h2m3.5s", 3723.5),
        ("120ms", 0.12),
        ("34", 34),
        ("0.5", 0.5),
        ("2026-11-26T05:01:00+00:00", 60),
        ("2026-11-26T04:00:00Z", 0),
        ("1795669242", 42),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("NaN", None),
        ("2026-99-99T00:00:00Z", None),
        ("ms", None),
    ],
)
def test_the_forms_of_a_reset(reset: str, seconds: float | None):
    limit = read_rate_limits(openai(reset=reset) | {"date": DATE}).requests
    assert limit is not None
    assert limit.reset == seconds if seconds is None else limit.reset == pytest.approx(seconds)


def test_a_moment_means_nothing_without_the_replys_own_date():
    limit = read_rate_limits(openai(reset="2026-11-26T05:01:00Z")).requests
    assert limit is not None
    assert limit.reset is None
