"""AWS Signature Version 4. Pure: the time is passed in.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import SplitResult, quote, urlsplit

from aiollm.providers.identity import AwsKeys
from aiollm.types.secret import HiddenText
from aiollm.wire.http import HttpRequest

__all__ = ["sign"]

_ALGORITHM = "AWS4-HMAC-SHA256"


def sign(http: HttpRequest, keys: AwsKeys, *, region: str, service: str, now: float) -> dict[str, str]:
    """Return the request's headers with its signature among them.

    Signed are the host, the content type and what the signature itself adds, as AWS's own SDK does: headers that a
    proxy may change stay out.

    Args:
        http: the request; its URL has to be sent as it is, percent signs and all, and has no query.
        keys: what to sign with.
        region: the region of the endpoint.
        service: the service's name in signatures, such as "bedrock".
        now: seconds since the epoch; AWS refuses what is more than five minutes off.
    """
    place = urlsplit(http.url)
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    added: dict[str, str] = {"X-Amz-Date": stamp}
    if keys.session_token:
        added["X-Amz-Security-Token"] = keys.session_token
    signed = {name.lower(): value for name, value in added.items()} | {"host": _host(place)}
    signed |= {name.lower(): value.strip() for name, value in http.headers.items() if name.lower() == "content-type"}
    names = ";".join(sorted(signed))
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    canonical = _canonical(place.path, signed, names, http.body)
    text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"
    signature = _hmac(_signing_key(keys.secret_access_key, stamp[:8], region, service), text).hex()
    value = f"{_ALGORITHM} Credential={keys.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**http.headers, **added, "Authorization": HiddenText(value)}


def _host(place: SplitResult) -> str:
    """Return the `Host` header, which leaves out the scheme's own port."""
    default = ":443" if place.scheme == "https" else ":80"
    return place.netloc.removesuffix(default)


def _canonical(path: str, signed: Mapping[str, str], names: str, body: bytes) -> bytes:
    """Return the canonical request. The path, encoded as it is sent, is encoded once more (all services but S3)."""
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    payload = hashlib.sha256(body).hexdigest()
    return f"POST\n{quote(path or '/', safe='/~')}\n\n{lines}\n{names}\n{payload}".encode()


@lru_cache(maxsize=64)
def _signing_key(secret: HiddenText, day: str, region: str, service: str) -> bytes:
    """Return the key of one day: four of the six hashes of a signature."""
    key = _hmac(f"AWS4{secret}".encode(), day)
    for part in (region, service, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
