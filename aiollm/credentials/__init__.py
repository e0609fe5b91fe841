"""What a request is signed with where that is no fixed key: fetched from the clouds' own libraries, off the loop."""

from typing import TYPE_CHECKING

from aiollm.later import parts_of

if TYPE_CHECKING:
    from aiollm.credentials.sources import identify
    from aiollm.credentials.token import fresh_token
else:
    __getattr__ = parts_of(__name__, {"fresh_token": "token", "identify": "sources"})

__all__ = ["fresh_token", "identify"]
