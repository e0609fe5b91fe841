"""What some rows look at besides the text and the error."""

from urllib.parse import urlsplit

from aiollm.testing import ProviderServer
from benchmarks.failures.clients import API_KEY, KEY_HEADER, SOON
from benchmarks.failures.scenario import Seen

MEMORY_MB = 64
"""How much the peak of the process may grow for a few kB on the wire."""


def names_the_place(seen: Seen, server: ProviderServer, elsewhere: ProviderServer) -> str:
    """The error's message says where: the port, or a name that has none."""
    place = urlsplit(seen["base_url"])
    return "" if str(place.port or place.hostname) in seen["message"] else "does not say where"


def memory_stays_bounded(seen: Seen, server: ProviderServer, elsewhere: ProviderServer) -> str:
    """The process did not grow with what the body inflates to."""
    return "" if seen["memory_mb"] <= MEMORY_MB else f"{seen['memory_mb']:.0f} MB"


def upstream_is_closed(seen: Seen, server: ProviderServer, elsewhere: ProviderServer) -> str:
    """The provider saw the end soon after the reader left."""
    ended = server.log[-1].disconnected_at
    return "" if ended is not None and ended - seen["left_at"] <= SOON else "upstream goes on"


def no_key_leaves(seen: Seen, server: ProviderServer, elsewhere: ProviderServer) -> str:
    """No other server got a key."""
    sent = [value for request in elsewhere.log for value in request.headers.values()]
    secrets = (API_KEY, *KEY_HEADER.values())
    return "the key is sent on" if any(secret in value for secret in secrets for value in sent) else ""
