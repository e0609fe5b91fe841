"""The proxy: the library's engine behind HTTP, in the formats that clients already speak."""

from typing import TYPE_CHECKING

from aiollm.later import parts_of

if TYPE_CHECKING:
    from aiollm.proxy.redis_servers import shared_server
    from aiollm.proxy.worker import run_worker
else:
    __getattr__ = parts_of(__name__, {"run_worker": "worker", "shared_server": "redis_servers"})

__all__ = ["run_worker", "shared_server"]
