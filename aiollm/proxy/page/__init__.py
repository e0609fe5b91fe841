"""The page at `/ui`: rendered here, without a build step and without anything of other sites."""

from typing import TYPE_CHECKING

from aiollm.later import parts_of

if TYPE_CHECKING:
    from aiollm.proxy.page.gate import require_session
else:
    __getattr__ = parts_of(__name__, {"require_session": "gate"})

__all__ = ["require_session"]
