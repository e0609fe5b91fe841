"""`CustomLogger`: aiollm's, which has LiteLLM's methods."""

from aiollm.hooks.callbacks import CustomLogger

__all__ = ["CustomLogger"]
