"""What routers are told with: aiollm's, which have LiteLLM's names and fields."""

from aiollm.router_arguments.error_counts import AllowedFailsPolicy, RetryPolicy

__all__ = ["AllowedFailsPolicy", "RetryPolicy"]
