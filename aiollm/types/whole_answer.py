"""What whole answers of all APIs tell of how they came."""

from typing import Any

import msgspec

from aiollm.types.origin import Origin
from aiollm.types.record import Record

__all__ = ["WholeAnswer"]


class WholeAnswer(Record, kw_only=True):
    """An answer that came as a whole, or was put together. Its own members are those of its API, `usage` among them."""

    _origin: Origin | None = msgspec.field(default=None, name=" origin")
    _attempts: tuple[Any, ...] = msgspec.field(default=(), name=" attempts")

    @property
    def attempts(self) -> tuple[Any, ...]:
        """All attempts of the call, in order: who was asked, and what became of it; see `Attempt`.

        Empty where nothing was sent, as for an answer from a cache, and for one that was put together from chunks.
        """
        return self._attempts

    @property
    def _hidden_params(self) -> dict[str, Any]:
        return self._origin.hidden_params(self.get("usage")) if self._origin else {}

    @property
    def _response_headers(self) -> dict[str, str]:
        return dict(self._origin.headers) if self._origin else {}
