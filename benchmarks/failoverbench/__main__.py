"""``python -m benchmarks.failoverbench``: the suite's `run` command, with aiollm's router among its adapters."""

from failoverbench.adapters import REGISTRY
from failoverbench.runner import main

from benchmarks.failoverbench.aiollm_router import AiollmRouter

if __name__ == "__main__":
    REGISTRY[AiollmRouter.name] = AiollmRouter
    main()
