"""One wire format a file: requests to bytes, frames to chunks, bodies to responses and errors. No I/O."""

from typing import TYPE_CHECKING

from aiollm.later import parts_of

if TYPE_CHECKING:
    from aiollm.dialects.responses_api import ResponsesAPI
else:
    __getattr__ = parts_of(__name__, {"ResponsesAPI": "responses_api"})

__all__ = ["ResponsesAPI"]
