"""What a request is signed with where that is no fixed key: fetched from the clouds' own libraries, off the loop."""

from aiollm.credentials.sources import identify

__all__ = ["identify"]
