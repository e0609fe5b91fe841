"""LiteLLM's types, where its users import them from."""
