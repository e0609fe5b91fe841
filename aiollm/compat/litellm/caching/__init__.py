"""LiteLLM's `Cache`, and what turns it on: `litellm.cache = Cache(type="local")`."""

from aiollm.compat.litellm.caching.caching import Cache, disable_cache, enable_cache, update_cache

__all__ = ["Cache", "disable_cache", "enable_cache", "update_cache"]
