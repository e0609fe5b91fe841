"""Amazon Nova's own events under InvokeModel: Converse's, with their names in the payload.

https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html, and recorded streams.
"""

from __future__ import annotations

import msgspec

from aiollm.dialects.converse_usage import METRICS
from aiollm.wire.frame import Frame

__all__ = ["named_event"]


def named_event(event: bytes) -> Frame:
    """Return an event `{"contentBlockDelta": {...}}` as Converse's of that name; a whole reply as it is."""
    try:
        members = msgspec.json.decode(event, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):
        return Frame("", event)
    names = [name for name in members if name != METRICS]
    return Frame(names[0], bytes(members[names[0]])) if len(names) == 1 else Frame("", event)
