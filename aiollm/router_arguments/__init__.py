"""LiteLLM's arguments of a router, checked once, and turned into what `aiollm.router` works with."""
