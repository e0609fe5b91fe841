"""The proxy: the library's engine behind HTTP, in the formats that clients already speak."""

from typing import TYPE_CHECKING

from aiollm.later import parts_of

if TYPE_CHECKING:
    from aiollm.proxy.redis_servers import shared_server
    from aiollm.proxy.supervisor import reserved_port, supervise
    from aiollm.proxy.worker import run_worker
else:
    __getattr__ = parts_of(
        __name__,
        {
            "reserved_port": "supervisor",
            "run_worker": "worker",
            "shared_server": "redis_servers",
            "supervise": "supervisor",
        },
    )

__all__ = ["reserved_port", "run_worker", "shared_server", "supervise"]
